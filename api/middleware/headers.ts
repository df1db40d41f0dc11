import type { SchemaObject } from 'ajv';

const text = { type: 'string' };

export type Parameter = {
  in: 'header' | 'query';
  name: string;
  required: boolean;
  description: string;
  schema: SchemaObject;
};
export type Header = { description: string; required: boolean; schema: SchemaObject };

export const idempotencyKey: Parameter = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes sending again safe. The same key with the same request gets the first answer and stores nothing; with another ' +
    'request it is refused (`idempotency_key_reused`). Keys are yours alone, shared with the socket, kept for 24 hours or more.',
  schema: { type: 'string', minLength: 1, maxLength: 128 },
};
/** Asks for the refresh token in a cookie, which scripts of a page cannot read, or to remove that cookie. */
export const sessionHeader: Parameter = {
  in: 'header',
  name: 'X-Session',
  required: false,
  description:
    '`cookie`: the refresh token travels in an HttpOnly, SameSite=Strict cookie instead of the body. For browsers, from ' +
    'pages of this site or of an origin in `CORS_ALLOW_ORIGINS` only. `frame`: for the widget’s frame on other sites; it travels in a ' +
    'cookie of its own, SameSite=None and Partitioned, from this very origin only, and on guest, widget, refresh and logout alone.',
  schema: { type: 'string' },
};
export const lastEventId: Parameter = {
  in: 'header',
  name: 'Last-Event-ID',
  required: false,
  description: 'The last `seq` that the client saw, as `EventSource` sends it. Overrides `after`.',
  schema: { type: 'string', pattern: '^(0|[1-9]\\d{0,14})$' },
};
export const location: Header = {
  description: 'The address of what was made.',
  required: true,
  schema: { type: 'string', examples: ['/api/v1/runs/42'] },
};
export const idempotencyReplayed: Header = {
  description: 'The key was used before: this is the first answer.',
  required: false,
  schema: { type: 'string', enum: ['true'] },
};
export const retryAfter: Header = {
  description: 'Seconds to wait.',
  required: true,
  schema: { type: 'integer', minimum: 0 },
};
/** Headers of limited routes. Both are lists; see draft-ietf-httpapi-ratelimit-headers. */
export const rateHeaders: Record<string, Header> = {
  RateLimit: {
    description: 'For each limit: `r` more requests are allowed in the next `t` seconds.',
    required: true,
    schema: { ...text, examples: ['"minute";r=57;t=33, "hour";r=990;t=1800, "day";r=9990;t=70000'] },
  },
  'RateLimit-Policy': {
    description:
      'For each limit: `q` requests in `w` seconds. Limits of the client’s address are shown only when they refuse.',
    required: true,
    schema: { ...text, examples: ['"minute";q=60;w=60, "hour";q=1000;w=3600, "day";q=10000;w=86400'] },
  },
};
export const requestIdHeader: Header = {
  description:
    'The id of this request in the logs: the `X-Request-Id` that was sent if it is sane, else a new one.',
  required: true,
  schema: text,
};
