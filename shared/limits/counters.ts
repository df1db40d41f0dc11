import type { Result } from 'ioredis';
import { inTime } from '../base/inTime.ts';
import { log } from '../base/log.ts';
import { redis } from '../delivery/redis.ts';
import type { Charge, Counter } from './charge.ts';
import { giveBackInMemory, takeInMemory } from './memory.ts';

/**
 * Takes one from every counter, or from none where one of them is used up. Redis counts for all replicas; where it is
 * away or does not answer in time, this process counts by itself, from 0. Never throws.
 * @param receipt names the request. The same receipt takes nothing until the first counter's window ends
 */
export async function take(counters: Counter[], receipt: string | null = null): Promise<Charge> {
  if (redis.status === 'ready' && Date.now() >= awayUntil) {
    try {
      return await inTime(WITHIN_MS, takeInRedis(counters, receipt), tooLate);
    } catch (err) {
      log.warn({ err }, 'Redis did not count limits; this process counts them in memory');
      awayUntil = Date.now() + AWAY_MS;
    }
  }
  return takeInMemory(counters, receipt, Date.now());
}

/** Lets a counter begin anew, or takes a receipt away. Never throws. */
export async function forget({ key }: Pick<Counter, 'key'>): Promise<void> {
  giveBackInMemory([key], [Number.POSITIVE_INFINITY], null);
  if (redis.status === 'ready') await redis.del(key).catch(() => {});
}

/** How long a request waits for Redis. While Redis hangs, only one request a second waits at all. */
const [WITHIN_MS, AWAY_MS] = [250, 1_000];
let awayUntil = 0;
const tooLate = () => new Error('Redis did not answer in time');

async function takeInRedis(counters: Counter[], receipt: string | null): Promise<Charge> {
  const keys = counters.map(({ key }) => key);
  const all = receipt === null ? keys : [...keys, receipt];
  const bounds = counters.flatMap(({ limit, seconds }) => [limit, seconds * 1_000]);
  const [outcome, now, ...flat] = await redis.takeCounts(all.length, ...all, ...bounds);
  const counts = counters.map((_, i) => ({ count: flat[2 * i] ?? 0, ends: flat[2 * i + 1] ?? 0 }));
  return {
    outcome: OUTCOMES[outcome ?? 0] ?? 'refused',
    counters,
    counts,
    left: counts.map(({ ends }) => ends - (now ?? 0)),
    async giveBack() {
      const ends = counts.map((count) => count.ends);
      await redis.giveCountsBack(all.length, ...all, ...ends).catch(() => {});
    },
  };
}

const OUTCOMES = ['refused', 'taken', 'free'] as const;

/**
 * A counter is the text `count:ends`, which expires with its window. KEYS: the counters, and the receipt if there is
 * one. ARGV: for each counter its limit and length in ms. Time is Redis's own, the same for all replicas.
 */
redis.defineCommand('takeCounts', {
  lua: `
local n = #ARGV / 2
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('MGET', unpack(KEYS))
local receipt, outcome = KEYS[n + 1], 1
local counts, ends = {}, {}
for i = 1, n do
  local count, stop = string.match(found[i] or '', '^(%d+):(%d+)$')
  count, stop = tonumber(count or 0), tonumber(stop or 0)
  if stop <= now then count, stop = 0, now + ARGV[2 * i] end
  if count >= tonumber(ARGV[2 * i - 1]) then outcome = 0 end
  counts[i], ends[i] = count, stop
end
if receipt and found[n + 1] then outcome = 2 end
local answer = { outcome, now }
for i = 1, n do
  if outcome == 1 then
    counts[i] = counts[i] + 1
    redis.call('SET', KEYS[i], string.format('%d:%.0f', counts[i], ends[i]), 'PXAT', string.format('%.0f', ends[i]))
  end
  answer[2 * i + 1], answer[2 * i + 2] = counts[i], ends[i]
end
if receipt and outcome == 1 then redis.call('SET', receipt, '', 'PXAT', string.format('%.0f', ends[1])) end
return answer`,
});

/** KEYS as above. ARGV: for each counter the end of the window that was charged. A later window is left alone. */
redis.defineCommand('giveCountsBack', {
  lua: `
for i = 1, #ARGV do
  local count, stop = string.match(redis.call('GET', KEYS[i]) or '', '^(%d+):(%d+)$')
  if stop == ARGV[i] and tonumber(count) > 0 then
    redis.call('SET', KEYS[i], string.format('%d:%s', count - 1, stop), 'PXAT', stop)
  end
end
if KEYS[#ARGV + 1] then redis.call('DEL', KEYS[#ARGV + 1]) end`,
});

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeCounts(keys: number, ...args: (string | number)[]): Result<number[], Context>;
    giveCountsBack(keys: number, ...args: (string | number)[]): Result<null, Context>;
  }
}
