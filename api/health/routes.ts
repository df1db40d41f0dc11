import Router from '@koa/router';
import { migrationsMissing } from '../../db/migrate.ts';
import { checkDatabase, checkRedis } from '../../shared/checks.ts';
import { problem } from '../../shared/errors.ts';
import { stopping } from '../../shared/stop.ts';
import { together } from '../../shared/together.ts';
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
  const reason = await reasons();
  if (reason !== undefined) throw problem('service_unavailable', reason, { retryAfterS: 2 });
  ctx.body = { status: 'ready' };
});

/** How everything is. The model away only degrades: messages wait and are answered later. */
healthRoutes.get('/health', async (ctx: RouteContext) => {
  const [database, redis, openai] = await checks();
  const down = database !== 'healthy' || redis !== 'healthy';
  const status = down ? 'unhealthy' : openai === 'healthy' ? 'healthy' : 'degraded';
  ctx.status = down ? 503 : 200;
  ctx.body = { status, timestamp: new Date().toISOString(), checks: { database, redis, openai } };
});

/** Nobody signs in for these: a thousand that ask at once are one question to each store. */
const checks = together(() => Promise.all([checkDatabase(), checkRedis(), checkOpenai()]));
const reasons = together(whyNotReady);

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
