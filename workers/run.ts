import { collectLoading } from '../shared/base/collected.ts';
import { env, requireEnv } from '../shared/base/env.ts';
import { otherTypes, queuesOf, workerTypes } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { moderationModel, requireModels } from '../shared/provider/config.ts';
import { beat } from '../shared/delivery/processes.ts';
import { redis, untilReady } from '../shared/delivery/redis.ts';
import { refuseCluster } from '../shared/delivery/redisFit.ts';
import { requireDataKeys } from '../shared/base/secretBox.ts';
import { onStop, stopOnSignals } from '../shared/base/stop.ts';
import { requireNotifications } from '../shared/ops/mailSettings.ts';
import { startTracing } from '../shared/ops/tracing.ts';
import { drain } from './completion/lease.ts';
import { handlers } from './handlers.ts';
import { serveHealth } from './health.ts';
import { workTogether } from './together.ts';
import { type Handler, work } from './work.ts';

const others: Record<(typeof otherTypes)[number], () => Promise<() => void>> = {
  housekeeping: async () => (await import('./housekeeping.ts')).startHousekeeping,
};

/** BullMQ workers of this process. */
const working: ReturnType<typeof work>[] = [];

/** Ms of the grace period that remain for the release of runs. */
const RELEASE_TIME = 5_000;

/** Works the named types in one process, such as `node workers/run.ts moderation context`. */
function main(types: string[]): void {
  const unknown = types.filter((type) => !workerTypes.includes(type));
  if (types.length === 0 || unknown.length > 0) {
    process.stderr.write(`usage: node workers/run.ts TYPE…, of: ${workerTypes.join(' ')}\n`);
    process.exit(2);
  }
  requireEnv('DATABASE_URL', 'REDIS_URL');
  requireModels();
  requireNotifications();
  // The tokens in mails are made from it.
  if (types.includes('notification')) requireEnv('JWT_SECRET');
  if (types.includes('moderation') && moderationModel() === null)
    log.warn('Moderation is off (MODERATION_MODEL); no message is checked');
  if (types.includes('notification')) requireDataKeys();
  workTogether(['moderation', 'context'].every((type) => types.includes(type)));
  stopOnSignals();
  serveHealth();
  const idle = setInterval(() => {}, 60_000);
  onStop('idle', () => clearInterval(idle));
  const tracing = startTracing(`parley-${types.join('-')}`);
  const fit = untilReady(redis).then(refuseCluster);
  Promise.all([tracing, fit])
    .then(() => Promise.all(types.map(load)))
    .then((loaded) => {
      collectLoading();
      return Promise.all(loaded.map((start) => start()));
    })
    .then(() => {
      // Registered last, so it runs first, while jobs can still use everything.
      onStop('drain', () => {
        setTimeout(drain, Math.max(0, env.SHUTDOWN_GRACE_S * 1_000 - RELEASE_TIME)).unref();
        // Closes all at once. Otherwise other types would take jobs while the first one closes.
        return Promise.all(working.map((worker) => worker.close()));
      });
      beat(types);
      log.info({ types }, 'Process is ready');
    });
}

/** Loads what a process type needs. Returns the function that starts its queues and its other work. */
async function load(type: string): Promise<() => Promise<unknown>> {
  const names = queuesOf(type);
  const other = otherTypes.find((one) => one === type);
  const begin = other && (await others[other]());
  const loaded = await Promise.all(names.map((name) => handlers[name]()));
  return () => {
    begin?.();
    const started = names.map((name, i) => work(name, loaded[i] as Handler<typeof name>));
    working.push(...started);
    return Promise.all(started.map((worker) => worker.waitUntilReady()));
  };
}

main(process.argv.slice(2));
