import { Type } from 'typebox';
import { contract, json, other } from '../../contract/contract.ts';
import { id, text, time } from '../../contract/fields.ts';
import { described, named, oneOf, orNull, presenter } from '../../contract/schema.ts';

const status = oneOf('queued', 'running', 'ready', 'failed');
const asked = named('ExportAsked', Type.Object({ id, status }), { id: 5, status: 'queued' });
export const presentAsked = presenter(asked);

const dataExport = named(
  'Export',
  Type.Object({
    id,
    status,
    progress: Type.Number({ minimum: 0, maximum: 1, description: 'From 0 to 1.' }),
    expires_at: described(orNull(time), 'Seven days after it is ready; then it is not found.'),
    url: described(orNull(text), 'Of the archive, for its owner with a token; null until it is ready.'),
  }),
  {
    id: 5,
    status: 'ready',
    progress: 1,
    expires_at: '2026-11-27T09:30:00.000Z',
    url: '/api/v1/users/me/exports/5/archive',
  },
);
export const presentExport = presenter(dataExport);

export const exportContract = contract('Privacy', {
  'POST /api/v1/users/me/export': {
    who: 'signed in',
    summary: 'Ask for your data',
    detail:
      'A user has one export at a time: while it is under way, asking again returns it. A new archive replaces earlier ones. The limit is twenty an hour.',
    answers: { 202: json('Asked for', asked) },
  },
  'GET /api/v1/users/me/exports/:id': {
    who: 'signed in',
    summary: 'How an export goes',
    answers: { 200: json('The export', dataExport) },
  },
  'GET /api/v1/users/me/exports/:id/archive': {
    who: 'signed in',
    summary: 'Your data',
    detail: 'A ZIP, with a README.html that says what is in it.',
    answers: { 200: other('The archive', 'application/zip') },
  },
});
