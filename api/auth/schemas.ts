import { bodySchema } from '../middleware/validate.ts';
import { MAX_LENGTH, MIN_LENGTH } from './newPassword.ts';

export type RegisterBody = {
  email: string;
  username: string;
  password: string;
  first_name?: string | null;
  last_name?: string | null;
  language?: string;
  timezone?: string;
  gdpr_consent: true;
  data_processing_consent?: boolean;
  marketing_consent?: boolean;
};

/** The fields of an account, shared by registration and PATCH /users/me. */
export const username = { type: 'string', minLength: 3, maxLength: 50, pattern: '^[A-Za-z0-9_.-]+$' };
export const name = { type: ['string', 'null'], maxLength: 100 };
export const language = { type: 'string', maxLength: 10, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' };
export const timezone = { type: 'string', maxLength: 50, format: 'timezone' };
export const newPassword = { type: 'string', minLength: MIN_LENGTH, maxLength: MAX_LENGTH };

export const registerBody = bodySchema<RegisterBody>({
  type: 'object',
  additionalProperties: false,
  required: ['email', 'username', 'password', 'gdpr_consent'],
  properties: {
    email: { type: 'string', maxLength: 254, format: 'padded-email' },
    username,
    password: newPassword,
    first_name: name,
    last_name: name,
    language,
    timezone,
    gdpr_consent: { const: true },
    data_processing_consent: { type: 'boolean' },
    marketing_consent: { type: 'boolean' },
  },
});

/** `email` may be a username. A password that is too short is merely wrong. */
export const loginBody = bodySchema<{ email: string; password: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: {
    email: { type: 'string', minLength: 1, maxLength: 254 },
    password: { type: 'string', minLength: 1, maxLength: 256 },
  },
});

/** Without a token it has to be in the cookie: see cookie.ts. */
export const refreshBody = bodySchema<{ refresh_token?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { refresh_token: { type: 'string', minLength: 1, maxLength: 256 } },
});

export const logoutBody = bodySchema<{ everywhere?: boolean }>({
  type: 'object',
  additionalProperties: false,
  properties: { everywhere: { type: 'boolean' } },
});

/** Whatever might be somebody's e-mail address: the answer does not say whether it is. */
export const forgotBody = bodySchema<{ email: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['email'],
  properties: { email: { type: 'string', minLength: 1, maxLength: 254 } },
});

export const resetBody = bodySchema<{ token: string; password: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['token', 'password'],
  properties: { token: { type: 'string', minLength: 1, maxLength: 256 }, password: newPassword },
});

/** What a socket sends before its access token runs out; `type` on a plain WebSocket. */
export const refreshFrame = bodySchema<{ type?: 'refresh'; token: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['token'],
  properties: { type: { const: 'refresh' }, token: { type: 'string', minLength: 1, maxLength: 4096 } },
});
