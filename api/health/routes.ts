import Router from '@koa/router';
import { migrationsMissing } from '../../db/migrate.ts';
import { checkDatabase, checkRedis } from '../../shared/ops/checks.ts';
import { problem } from '../../shared/base/errors.ts';
import { stopping } from '../../shared/base/stop.ts';
import type { RouteContext, State } from '../context.ts';
import { checkOpenai } from './checks.ts';
import { noteProbe } from './probes.ts';

/** For operators and load balancers; at the root, without authentication. */
export const healthRoutes = new Router<State>();

/** The process answers. Touches no store: a restart would not bring one back. */
healthRoutes.get('/livez', (ctx: RouteContext) => {
  ctx.body = { status: 'alive' };
});

/** May this replica get requests? Redis away is no reason against it: messages are accepted all the same. */
healthRoutes.get('/readyz', async (ctx: RouteContext) => {
  noteProbe(stopping());
  const reason = await whyNotReady();
  if (reason !== undefined) throw problem('service_unavailable', reason, { retryAfterS: 2 });
  ctx.body = { status: 'ready' };
});

/** How everything is. The model away only degrades: messages wait and are answered later. */
healthRoutes.get('/health', async (ctx: RouteContext) => {
  const [database, redis, openai] = await Promise.all([checkDatabase(), checkRedis(), checkOpenai()]);
  const down = database !== 'healthy' || redis !== 'healthy';
  const status = down ? 'unhealthy' : openai === 'healthy' ? 'healthy' : 'degraded';
  ctx.status = down ? 503 : 200;
  ctx.body = { status, timestamp: new Date().toISOString(), checks: { database, redis, openai } };
});

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
