import { Type } from 'typebox';
import { presentPassword } from '../contract/account.ts';
import { contract, json } from '../contract/contract.ts';
import { count, text, time } from '../contract/fields.ts';
import { sessionHeader } from '../middleware/headers.ts';
import { closed, described, named, oneOf, optional, orNull, presenter } from '../contract/schema.ts';

const begun = named(
  'ErasureBegun',
  Type.Object({
    receipt: described(text, 'Whoever knows it may read how the erasure goes, without signing in.'),
  }),
  { receipt: 'q8Zr2nT0yYb1mD4kC7xW9sL3vF6hJ5aP' },
);

const receipt = named(
  'Erasure',
  Type.Object({
    receipt: text,
    status: oneOf('erasing', 'erased'),
    requested_at: time,
    completed_at: orNull(time),
    erased: Type.Record(Type.String(), count, { description: 'Removed rows by table, so far.' }),
    kept: Type.Array(Type.Object({ what: text, why: text })),
    signature: described(
      orNull(text),
      'Base64 of an Ed25519 signature, null while erasing. `npm run erasures -- verify` checks it.',
    ),
    public_key: described(orNull(text), 'PEM of the key that signed.'),
  }),
  {
    receipt: 'q8Zr2nT0yYb1mD4kC7xW9sL3vF6hJ5aP',
    status: 'erased',
    requested_at: '2026-11-20T09:30:00.000Z',
    completed_at: '2026-11-20T09:30:02.000Z',
    erased: { messages: 12, conversations: 2, users: 1 },
    kept: [{ what: 'audit log', why: 'It says that something happened, and no longer to whom.' }],
    signature: 'c2lnbmF0dXJl',
    public_key: '-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n',
  },
);
export const presentReceipt = presenter(receipt);

export const erasureContract = contract('Privacy', {
  'DELETE /api/v1/users/me': {
    who: 'signed in',
    summary: 'Erase your account',
    parameters: [sessionHeader],
    detail:
      'The account is dead at once, everywhere; what it holds is removed soon after. Accounts with a password give it. The last administrator stays (`conflict`).',
    body: closed(optional({ password: presentPassword })),
    example: { password: 'correct horse' },
    answers: { 202: json('Begun', begun) },
    problems: ['conflict'],
  },
  'POST /api/v1/users/:id/erase': {
    who: 'admins',
    summary: 'Erase an account',
    detail:
      'For administrators. Noted in the audit log, without the reason; the reason is kept with the erasure.',
    body: closed({ reason: Type.String({ minLength: 1, maxLength: 500 }) }),
    example: { reason: 'Asked by letter on 19 November' },
    answers: { 202: json('Begun', begun) },
    problems: ['conflict'],
  },
  'GET /api/v1/erasures/:receipt': {
    who: 'anyone',
    summary: 'How an erasure goes',
    answers: { 200: json('The receipt', receipt) },
    problems: ['not_found'],
  },
});
