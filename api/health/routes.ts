import Router from '@koa/router';
import { migrationsMissing } from '../../db/migrate.ts';
import { type Check, checkDatabase, checkRedis } from '../../shared/checks.ts';
import { problem } from '../../shared/errors.ts';
import { lookAtRedis } from '../../shared/redisFit.ts';
import { stopping } from '../../shared/stop.ts';
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

/** How everything is. The model away only degrades: messages wait and are answered later. So does a Redis that is set wrongly. */
healthRoutes.get('/health', async (ctx: RouteContext) => {
  const [database, { redis, serves }, openai] = await Promise.all([
    checkDatabase(),
    howRedisIs(),
    checkOpenai(),
  ]);
  const checks = { database, redis, openai };
  const down = database !== 'healthy' || !serves;
  const well = Object.values(checks).every((check) => check === 'healthy');
  ctx.status = down ? 503 : 200;
  ctx.body = {
    status: down ? 'unhealthy' : well ? 'healthy' : 'degraded',
    timestamp: new Date().toISOString(),
    checks,
  };
});

/** A Redis that answers may still be of the wrong kind, or set wrongly; the second only degrades. */
async function howRedisIs(): Promise<{ redis: Check; serves: boolean }> {
  const redis = await checkRedis();
  if (redis !== 'healthy') return { redis, serves: false };
  const misfits = await lookAtRedis().catch(() => []);
  const reasons = misfits.map(({ reason }) => reason).join('; ');
  return {
    redis: reasons === '' ? redis : `unhealthy: ${reasons}`,
    serves: misfits.every(({ serves }) => serves),
  };
}

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
