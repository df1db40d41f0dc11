import type { Static } from 'typebox';
import { Type } from './type.ts';
import { MAX_LENGTH, MIN_LENGTH } from '../../shared/accounts/newPassword.ts';
import { flag, id, language, role, text, time, userStatus } from './fields.ts';
import { closed, described, named, orNull, presenter, type Row } from './schema.ts';

export const user = named(
  'User',
  Type.Object({
    id,
    email: described(orNull(text), 'null for guests. Of a vouched account: what its site said, unverified.'),
    username: described(orNull(text), 'null for guests and vouched accounts.'),
    first_name: orNull(text),
    last_name: orNull(text),
    role,
    status: userStatus,
    avatar_url: orNull(text),
    language: text,
    timezone: text,
    gdpr_consent: flag,
    data_processing_consent: Type.Boolean({ description: 'Without it messages are refused.' }),
    marketing_consent: flag,
    created_at: time,
    last_login: orNull(time),
    email_verified_at: described(orNull(time), 'null: nobody has shown that this address is theirs.'),
    external_id: described(orNull(text), 'Of a vouched account: its id on its site.'),
    second_factor: Type.Boolean({ description: 'Whether signing in needs a code besides the password.' }),
  }),
  {
    id: 7,
    email: 'ada@example.org',
    username: 'ada',
    first_name: 'Ada',
    last_name: null,
    role: 'user',
    status: 'active',
    avatar_url: null,
    language: 'en',
    timezone: 'Europe/London',
    gdpr_consent: true,
    data_processing_consent: true,
    marketing_consent: false,
    created_at: '2026-11-20T09:30:00.000Z',
    last_login: '2026-11-21T08:00:00.000Z',
    email_verified_at: '2026-11-20T09:32:00.000Z',
    external_id: null,
    second_factor: false,
  },
);
const present = presenter(user);

/** Writes an account as its owner and administrators see it. A vouched account shows the address that its site said. */
export function presentUser(
  row: Row<Static<typeof user>> & { contact_email: string | null },
): Static<typeof user> {
  return present({ ...row, email: row.email ?? row.contact_email });
}

/** A sign-in, as its owner and administrators see it. */
export const session = named(
  'Session',
  Type.Object({
    id: described(id, 'The `sid` of its access tokens.'),
    user_agent: orNull(text),
    ip: described(orNull(text), 'The address it began from.'),
    created_at: time,
    last_used_at: described(time, 'When it began or was last refreshed.'),
    expires_at: described(time, 'When it ends unless it is refreshed. No refresh after 90 days.'),
    current: Type.Boolean({ description: 'Whether this request uses it.' }),
  }),
  {
    id: 31,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    ip: '192.0.2.7',
    created_at: '2026-11-20T09:30:00.000Z',
    last_used_at: '2026-11-21T08:00:00.000Z',
    expires_at: '2026-12-21T08:00:00.000Z',
    current: true,
  },
);
export const presentSession = presenter(session);

/** The fields that an account's owner writes, at registration and later. */
export const profile = {
  username: Type.String({ minLength: 3, maxLength: 50, pattern: '^[A-Za-z0-9_.-]+$' }),
  first_name: orNull(Type.String({ maxLength: 100, format: 'one-line' })),
  last_name: orNull(Type.String({ maxLength: 100, format: 'one-line' })),
  language,
  timezone: Type.String({ maxLength: 50, format: 'timezone' }),
  data_processing_consent: flag,
  marketing_consent: flag,
};
export const newPassword = Type.String({ minLength: MIN_LENGTH, maxLength: MAX_LENGTH });
/** A present password that is too short is wrong, not invalid. */
export const presentPassword = Type.String({ minLength: 1, maxLength: 256 });

/** A code of an authenticator, or a recovery code. */
export const secondFactorCode = Type.String({ minLength: 1, maxLength: 64 });

/** The body of a sign-in. `email` may be a username. */
const login = { email: Type.String({ minLength: 1, maxLength: 254 }), password: presentPassword };
export const credentials = closed(login);
/** The form of the board's sign-in. Browsers send an empty field as ''. */
export const boardForm = closed({ ...login, code: Type.Optional(Type.String({ maxLength: 64 })) });
