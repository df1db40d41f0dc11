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
    'Makes sending again safe: the same key with the same request is answered as the first time and stores nothing; with ' +
    'another request it is refused (`idempotency_key_reused`). Yours alone, shared with the socket, kept for at least 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 128 },
};
/** How a client asks for its refresh token in a cookie, which scripts of its pages cannot read. */
export const sessionHeader: Parameter = {
  in: 'header',
  name: 'X-Session',
  required: false,
  description:
    '`cookie`: the refresh token travels in an HttpOnly, SameSite=Strict cookie instead of the body. For browsers; asked from ' +
    'this site or an origin of `CORS_ALLOW_ORIGINS` only.',
  schema: { type: 'string' },
};
export const lastEventId: Parameter = {
  in: 'header',
  name: 'Last-Event-ID',
  required: false,
  description: 'The last `seq` that was seen, as `EventSource` sends it. Goes before `after`.',
  schema: { type: 'string', pattern: '^\\d{1,15}$' },
};
export const location: Header = {
  description: 'Where what was made can be asked for.',
  required: true,
  schema: { type: 'string', examples: ['/api/v1/runs/42'] },
};
export const idempotencyReplayed: Header = {
  description: 'The key was known: this is the answer of the first time.',
  required: false,
  schema: { type: 'string', enum: ['true'] },
};
export const retryAfter: Header = {
  description: 'Seconds to wait.',
  required: true,
  schema: { type: 'integer', minimum: 0 },
};
/** Of limited routes. Both are lists; see draft-ietf-httpapi-ratelimit-headers. */
export const rateHeaders: Record<string, Header> = {
  RateLimit: {
    description: 'Of each limit: `r` more may be sent in the next `t` seconds.',
    required: true,
    schema: { ...text, examples: ['"minute";r=57;t=33, "hour";r=990;t=1800, "day";r=9990;t=70000'] },
  },
  'RateLimit-Policy': {
    description:
      'Of each limit: `q` in `w` seconds. Those of the client’s address are only told where they refuse.',
    required: true,
    schema: { ...text, examples: ['"minute";q=60;w=60, "hour";q=1000;w=3600, "day";q=10000;w=86400'] },
  },
};
export const requestIdHeader: Header = {
  description: 'Names this request in our logs: the `X-Request-Id` that was sent, if sane, else a new one.',
  required: true,
  schema: text,
};
