import { migrationsMissing } from '../../db/migrate.ts';
import { checkRedis, lookAtRedis, reasonsOf } from '../../shared/delivery/redisFit.ts';
import { type Check, checkDatabase } from '../../shared/ops/checks.ts';
import { problem } from '../../shared/base/errors.ts';
import { checkMail } from '../../shared/notifications/checkMail.ts';
import { checkRole } from '../../shared/provider/probe.ts';
import { stopping } from '../../shared/base/stop.ts';
import { serve } from '../contract/serve.ts';
import { together } from '../../shared/base/together.ts';
import { healthContract } from './contract.ts';
import { noteProbe } from './probes.ts';

export const health = serve(healthContract, {
  /** Asks no store: a restart would not bring a store back. */
  'GET /livez': (ctx) => {
    ctx.body = { status: 'alive' };
  },

  /** Answers 200 while Redis is away: messages are still accepted. */
  'GET /readyz': async (ctx) => {
    noteProbe(stopping());
    const reason = await reasons();
    if (reason !== undefined) throw problem('service_unavailable', reason, { retryAfterS: 2 });
    ctx.body = { status: 'ready' };
  },

  /** Answers `degraded` while the model is away, because messages wait for it. A Redis that is set wrongly also degrades. */
  'GET /health': async (ctx) => {
    const [database, { redis, serves, advice }, chat, embedding, moderation, mail] = await checks();
    const down = database !== 'healthy' || !serves;
    const providers = { chat, embedding, moderation };
    const well = [database, redis, mail, ...Object.values(providers)].every((check) => WELL.includes(check));
    ctx.status = down ? 503 : 200;
    ctx.body = {
      status: down ? 'unhealthy' : well ? 'healthy' : 'degraded',
      timestamp: new Date().toISOString(),
      // `openai` is the chat model, whoever serves it: the name is older than other providers.
      checks: { database, redis, openai: chat },
      providers,
      mail,
      warnings: advice === '' ? [] : [`redis: ${advice}`],
    };
  },
});

const WELL = ['healthy', 'off'];

/** These routes need no sign-in, so a thousand requests at once ask each store only once. */
const checks = together(() =>
  Promise.all([
    checkDatabase(),
    howRedisIs(),
    checkRole('chat'),
    checkRole('embedding'),
    checkRole('moderation'),
    checkMail(),
  ]),
);
const reasons = together(whyNotReady);

/** Checks Redis. A Redis that answers may be of the wrong kind, which is unhealthy, or set wrongly, which only degrades. */
async function howRedisIs(): Promise<{ redis: Check; serves: boolean; advice: string }> {
  const redis = await checkRedis();
  if (redis !== 'healthy') return { redis, serves: false, advice: '' };
  const misfits = await lookAtRedis().catch(() => []);
  const { faults, advice } = reasonsOf(misfits);
  return {
    redis: faults === '' ? redis : `unhealthy: ${faults}`,
    advice,
    serves: misfits.every(({ serves }) => serves),
  };
}

async function whyNotReady(): Promise<string | undefined> {
  if (stopping()) return 'draining';
  if ((await checkDatabase()) !== 'healthy') return 'no database';
  return (await migrationsMissing()) ? 'migrations are missing' : undefined;
}
