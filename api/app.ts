import Koa from 'koa';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import type { State } from './middleware/ctx.ts';
import { accessLog } from './middleware/access-log.ts';
import { address } from './middleware/address.ts';
import { cors } from './middleware/cors.ts';
import { errors } from './middleware/errors.ts';
import { fewHeaders } from './middleware/few-headers.ts';
import { httpMetrics } from './middleware/http-metrics.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { traceRequest } from './middleware/traced.ts';
import { routes } from './routes.ts';

/** Builds the Koa app without listening. Servers and tests mount it. */
export function buildApp(): Koa<State> {
  const app = new Koa<State>({ proxy: env.TRUST_PROXY > 0 });
  // Koa reports here what fails after the answer began.
  app.on('error', (err: { code?: string }) => {
    const level = HUNG_UP.includes(err.code ?? '') ? 'debug' : 'warn';
    log[level]({ err }, 'sending the answer failed');
  });
  app
    .use(address)
    .use(requestId)
    .use(traceRequest)
    .use(accessLog)
    .use(httpMetrics)
    .use(errors)
    .use(securityHeaders)
    .use(cors)
    .use(fewHeaders)
    .use(routes.routes())
    .use(routes.allowedMethods());
  return app;
}

/** Codes of a client that hung up, as every reader of a stream does in the end. */
const HUNG_UP = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'];
