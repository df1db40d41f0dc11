import Koa from 'koa';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import type { State } from './middleware/context.ts';
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

/** The Koa app, not listening: servers and tests mount it. */
export function buildApp(): Koa<State> {
  const app = new Koa<State>({ proxy: env.TRUST_PROXY > 0 });
  // What fails after the answer began.
  app.on('error', (err: { code?: string }) => {
    const level = HUNG_UP.includes(err.code ?? '') ? 'debug' : 'warn';
    log[level]({ err }, 'answer failed');
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

/** Clients that went away, which everyone who reads a stream does at last. */
const HUNG_UP = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'];
