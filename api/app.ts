import Koa from 'koa';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import type { State } from './middleware/ctx.ts';
import { address } from './middleware/address.ts';
import { cors } from './middleware/cors.ts';
import { errors } from './middleware/errors.ts';
import { fewHeaders } from './middleware/few-headers.ts';
import { accessLog, httpMetrics, requestId, traceRequest } from './middleware/observe.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { routes } from './routes.ts';

/** Builds the Koa app without listening. Servers and tests mount it. */
export function buildApp(): Koa<State> {
  const app = new Koa<State>({ proxy: env.TRUST_PROXY > 0 });
  // Koa reports here what fails after the answer began.
  app.on('error', (err: { code?: string }) => {
    const level = HUNG_UP.includes(err.code ?? '') ? 'debug' : 'warn';
    log[level]({ err }, 'Answer not sent; its connection is closed');
  });
  app
    .use(address)
    .use(requestId)
    .use(traceRequest)
    .use(accessLog)
    .use(httpMetrics)
    .use(errors)
    .use(securityHeaders)
    .use(fewHeaders)
    .use(cors)
    .use(routes.routes())
    .use(routes.allowedMethods());
  return app;
}

/** Codes of a client that hung up, as every reader of a stream does in the end. */
const HUNG_UP = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'];
