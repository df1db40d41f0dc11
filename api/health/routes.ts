import { migrationsMissing } from '../../db/migrate.ts';
import { checkDatabase, checkRedis } from '../../shared/ops/checks.ts';
import { problem } from '../../shared/base/errors.ts';
import { stopping } from '../../shared/base/stop.ts';
import { serve } from '../contract/serve.ts';
import { together } from '../../shared/together.ts';
import { checkOpenai } from './checks.ts';
import { healthContract } from './contract.ts';
import { noteProbe } from './probes.ts';

export const health = serve(healthContract, {
  /** Touches no store: a restart would not bring one back. */
  'GET /livez': (ctx) => {
    ctx.body = { status: 'alive' };
  },

  /** Redis away is no reason against it: messages are accepted all the same. */
  'GET /readyz': async (ctx) => {
    noteProbe(stopping());
    const reason = await reasons();
    if (reason !== undefined) throw problem('service_unavailable', reason, { retryAfterS: 2 });
    ctx.body = { status: 'ready' };
  },

  /** The model away only degrades: messages wait and are answered later. */
  'GET /health': async (ctx) => {
    const [database, redis, openai] = await checks();
    const down = database !== 'healthy' || redis !== 'healthy';
    const status = down ? 'unhealthy' : openai === 'healthy' ? 'healthy' : 'degraded';
    ctx.status = down ? 503 : 200;
    ctx.body = { status, timestamp: new Date().toISOString(), checks: { database, redis, openai } };
  },
});

/** Nobody signs in for these: a thousand that ask at once are one question to each store. */
const checks = together(() => Promise.all([checkDatabase(), checkRedis(), checkOpenai()]));
const reasons = together(whyNotReady);

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
