import { backupAges } from '../../db/models/backup.ts';
import { debts } from '../../db/models/owed.ts';
import { aboutServer } from '../../db/models/server.ts';
import { inTime } from '../../shared/base/inTime.ts';
import { log } from '../../shared/base/log.ts';
import { atMostEvery } from '../../shared/base/together.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { budgetUsed } from '../../shared/limits/budget.ts';
import {
  backupAge,
  budgetUsedRatio,
  redisMemoryMax,
  redisMemoryUsed,
  runsOldest,
  runsOpen,
  serverConnections,
  serverConnectionsMax,
} from '../../shared/ops/metrics.ts';

/** How long a look is good for, and how long a scrape waits for one, in ms. */
const FRESH = 15_000;
const LIMIT = 2_000;

/** Updates the gauges that Postgres and Redis know. What cannot be asked is removed: an old number would look like a true one. */
export const measureStores = atMostEvery(FRESH, () =>
  Promise.all([within(lookAtRuns, POSTGRES), within(lookAtRedis, REDIS)]),
);

/** Gauges without labels would show 0 after a reset. */
const POSTGRES = [
  () => runsOpen.reset(),
  () => runsOldest.remove(),
  () => serverConnections.remove(),
  () => serverConnectionsMax.remove(),
  () => backupAge.reset(),
  () => budgetUsedRatio.remove(),
];
const REDIS = [() => redisMemoryUsed.remove(), () => redisMemoryMax.remove()];

async function lookAtRuns(): Promise<void> {
  const [owed, server, ages, used] = await Promise.all([
    debts(false),
    aboutServer(),
    backupAges(),
    budgetUsed(),
  ]);
  for (const state of ['waiting', 'queued', 'in_progress', 'unannounced'] as const)
    runsOpen.set({ state }, owed[state]);
  runsOldest.set(owed.oldest_s);
  serverConnections.set(server.connections);
  serverConnectionsMax.set(server.free_connections);
  for (const { kind, age_s } of ages) backupAge.set({ kind }, age_s);
  if (used !== null) budgetUsedRatio.set(used);
}

async function lookAtRedis(): Promise<void> {
  const info = await redis.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  redisMemoryUsed.set(field('used_memory'));
  redisMemoryMax.set(field('maxmemory'));
}

function within(look: () => Promise<void>, clears: (() => void)[]): Promise<void> {
  return inTime(LIMIT, look()).catch((err: unknown) => {
    log.warn({ err }, 'Store not measured; its gauges are removed');
    for (const clear of clears) clear();
  });
}
