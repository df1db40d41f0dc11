import { Type } from '../contract/type.ts';
import { contract, json } from '../contract/contract.ts';
import { id, language, paging, text, time } from '../contract/fields.ts';
import { closed, described, named, oneOf, optional, orNull, page, presenter } from '../contract/schema.ts';

const consent = named(
  'Consent',
  Type.Object({
    id,
    kind: oneOf('gdpr', 'data_processing', 'marketing'),
    given: Type.Boolean({ description: 'false: withdrawn.' }),
    version: described(orNull(text), 'Of the texts then in force; null: from before versions were kept.'),
    client: described(
      orNull(text),
      'By which program it was said, such as `Firefox on Linux`; null: not known.',
    ),
    at: time,
  }),
  {
    id: 3,
    kind: 'data_processing',
    given: true,
    version: '2026-11',
    client: 'Firefox on Linux',
    at: '2026-11-20T09:30:00.000Z',
  },
);
export const presentConsent = presenter(consent);

const access = named(
  'Access',
  Type.Object({
    id,
    at: time,
    action: described(text, 'Such as `conversation.read`.'),
    target_type: text,
    target_id: orNull(id),
    person: orNull(Type.Object({ id, name: text, role: text })),
  }),
  {
    id: 91,
    at: '2026-11-20T09:30:00.000Z',
    action: 'user.viewed',
    target_type: 'user',
    target_id: 7,
    person: { id: 2, name: 'Grace Hopper', role: 'agent' },
  },
);
export const presentAccess = presenter(access);

const texts = named(
  'ConsentTexts',
  Type.Object({
    version: text,
    language: text,
    texts: Type.Object({ gdpr: text, data_processing: text, marketing: text }),
  }),
  {
    version: '2026-11',
    language: 'en',
    texts: { gdpr: 'I agree …', data_processing: 'I agree …', marketing: 'I agree …' },
  },
);

export const privacyContract = contract('Privacy', {
  'GET /api/v1/consents': {
    who: 'anyone',
    summary: 'What the consents say',
    query: closed(optional({ language })),
    answers: { 200: json('The texts in force', texts) },
  },
  'GET /api/v1/users/me/consents': {
    who: 'signed in',
    summary: 'What you consented to and withdrew',
    detail: 'The newest first.',
    query: closed(paging),
    answers: { 200: json('A page', page(consent)) },
  },
  'GET /api/v1/users/me/access-log': {
    who: 'signed in',
    summary: 'Which person read what of yours, and when',
    detail: 'What others did with your data, from the audit log, the newest first.',
    query: closed(paging),
    answers: { 200: json('A page', page(access)) },
  },
});
