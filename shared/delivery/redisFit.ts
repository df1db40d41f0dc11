import { inProduction } from '../base/env.ts';
import { log } from '../base/log.ts';
import { atMostEvery } from '../base/together.ts';
import { type Check, within } from '../ops/checks.ts';
import { redisMisfits } from '../ops/metrics.ts';
import { lastError, redis } from './redis.ts';

/**
 * What is wrong with a Redis that answers. `serves`: work goes on regardless. `advised`: nothing fails, but it could be
 * better.
 */
export type Misfit = { what: (typeof KINDS)[number]; reason: string; serves: boolean; advised?: true };
const KINDS = ['cluster', 'replica', 'policy', 'version', 'persistence', 'append_only'] as const;

/** The oldest major version that the tests run on. */
const OLDEST = 7;
/** How often every process asks, and how old an answer may be, in ms. */
const [EVERY_MS, FRESH_MS] = [60_000, 1_000];

/** Returns the misfits in the answer to INFO. A field that a provider hides counts as right. */
export function misfitsIn(info: string): Misfit[] {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of info.matchAll(/^(\w+):(.*?)\r?$/gm)) fields.set(name, value);
  const is = (name: string, value: string) => fields.get(name) === value;
  const policy = fields.get('maxmemory_policy') ?? 'noeviction';
  const version = fields.get('redis_version');
  const found: (Misfit | false)[] = [
    (is('redis_mode', 'cluster') || is('cluster_enabled', '1')) && {
      what: 'cluster',
      reason: 'is a node of a Redis Cluster, which is not supported: it must be a single primary',
      serves: false,
    },
    is('role', 'slave') && {
      what: 'replica',
      reason: 'is a replica, which takes no writes: it must be the primary',
      serves: false,
    },
    policy !== 'noeviction' && {
      what: 'policy',
      reason: `maxmemory-policy is ${policy}, it must be noeviction`,
      serves: true,
    },
    Number.parseInt(version ?? '', 10) < OLDEST && {
      what: 'version',
      reason: `version ${version} is too old, it must be ${OLDEST} or newer`,
      serves: true,
    },
    (is('rdb_last_bgsave_status', 'err') || is('aof_last_write_status', 'err')) && {
      what: 'persistence',
      reason: 'cannot write its file, and may refuse writes until it can',
      serves: true,
    },
    is('aof_enabled', '0') && {
      what: 'append_only',
      reason:
        'keeps no append-only file: after a restart of Redis running answers begin again, and limits and caches are empty (appendonly yes)',
      serves: true,
      advised: true,
    },
  ];
  return found.filter((one) => one !== false);
}

/**
 * Asks Redis for its kind and settings, at most once a second. Sets the metric `redis_misfits`, and logs each change.
 * @throws when Redis is away or refuses INFO to this user
 */
export const lookAtRedis = atMostEvery(FRESH_MS, () => redis.info().then(misfitsIn).then(noted));

/**
 * Ends the process with one line if REDIS_URL names a Cluster. Otherwise checks Redis now and every minute. Also resolves
 * when Redis cannot be asked.
 */
export async function refuseCluster(): Promise<void> {
  const found = await redis.info().then(misfitsIn, unknown);
  const cluster = found.find(({ what }) => what === 'cluster');
  if (cluster !== undefined) {
    process.stderr.write(`parley: the Redis of REDIS_URL ${cluster.reason}\n`);
    process.exit(1);
  }
  noted(found);
  setInterval(() => void lookAtRedis().catch(unknown), EVERY_MS).unref();
}

let said = '';
let advice = '';

/** Returns the reasons of faults, and what is only advised. */
export function reasonsOf(found: Misfit[]): { faults: string; advice: string } {
  const of = (advised: boolean) =>
    found
      .filter((one) => (one.advised ?? false) === advised)
      .map(({ reason }) => reason)
      .join('; ');
  return { faults: of(false), advice: of(true) };
}

function noted(found: Misfit[]): Misfit[] {
  for (const what of KINDS) redisMisfits.set({ what }, found.some((one) => one.what === what) ? 1 : 0);
  const { faults: reasons, advice: advised } = reasonsOf(found);
  if (advised !== advice && advised !== '')
    log[inProduction ? 'warn' : 'info']({ advice: advised }, 'Redis works, and could be set better');
  advice = advised;
  if (reasons !== said) {
    if (reasons === '') log.info('Redis is set rightly again');
    else log.error({ reasons }, 'Redis is set wrongly; health checks report it until it is set rightly');
  }
  said = reasons;
  return found;
}

function unknown(err: unknown): Misfit[] {
  log.debug({ err }, 'Redis settings not read; asked again');
  return [];
}

/** Says whether Redis answers within half a second, or else why it does not. */
export function checkRedis(): Promise<Check> {
  return within(500, () =>
    redis.ping().catch((err: unknown) => {
      // A command on a connection that is not ready knows no reason: the connection does.
      throw lastError(redis) ?? err;
    }),
  );
}
