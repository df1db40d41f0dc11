import koaCors from '@koa/cors';
import { env } from '../../shared/base/env.ts';

/**
 * Lets browsers call from the origins of CORS_ALLOW_ORIGINS; `*` allows all. Cookies may come only with requests to
 * `/auth`, from origins that the list names.
 */
export const cors = koaCors({
  origin: (ctx) => allowed(ctx.get('Origin')),
  credentials: (ctx) =>
    ctx.path.startsWith('/api/v1/auth/') && env.CORS_ALLOW_ORIGINS.includes(ctx.get('Origin')),
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'Last-Event-ID',
    'X-Request-Id',
    'X-Channel',
    'X-Session',
  ],
  exposeHeaders: [
    'X-Request-Id',
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'Idempotency-Replayed',
    'Location',
  ],
  maxAge: 600,
  // `errors`, further out, answers on the same `ctx`, so the headers set here stay.
  keepHeadersOnError: false,
});

function allowed(origin: string): string {
  if (env.CORS_ALLOW_ORIGINS.includes(origin)) return origin;
  return env.CORS_ALLOW_ORIGINS.includes('*') ? '*' : '';
}
