import Router from '@koa/router';
import { migrationsMissing } from '../../db/migrate.ts';
import { checkDatabase, checkRedis } from '../../shared/checks.ts';
import { problem } from '../../shared/errors.ts';
import { checkRole } from '../../shared/provider/probe.ts';
import { stopping } from '../../shared/stop.ts';
import type { RouteContext, State } from '../context.ts';
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
  const [database, redis, chat, embedding, moderation] = await Promise.all([
    checkDatabase(),
    checkRedis(),
    checkRole('chat'),
    checkRole('embedding'),
    checkRole('moderation'),
  ]);
  const down = database !== 'healthy' || redis !== 'healthy';
  const providers = { chat, embedding, moderation };
  const well = Object.values(providers).every((check) => ['healthy', 'off'].includes(check));
  ctx.status = down ? 503 : 200;
  ctx.body = {
    status: down ? 'unhealthy' : well ? 'healthy' : 'degraded',
    timestamp: new Date().toISOString(),
    // openai is the chat model's, whoever serves it: the name is older than other providers.
    checks: { database, redis, openai: chat },
    providers,
  };
});

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
