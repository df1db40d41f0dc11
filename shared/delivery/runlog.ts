import type { Result } from 'ioredis';
import { env } from '../base/env.ts';
import { firstSeq, type RunEvent } from './runEvents.ts';
import { packet } from './push.ts';
import { redis } from './redis.ts';

/**
 * The run log: the events that clients got of a run, in Redis, for RUN_LOG_TTL_S after the last one. A stream holds each
 * event under its seq, with its attempt, so a script needs only the last entry. Each script stores AND publishes: a
 * publish outside the script would bypass the fence.
 *
 * 'newer': another attempt has the log, and the caller has lost the run. 'lost': the log is not as the caller left it,
 * because Redis was emptied or an answer was lost. The caller must claim a new attempt and open the log again.
 */
export type Written = 'ok' | 'newer' | 'lost';

/**
 * Begins an attempt with its first events, in order.
 * @throws when Redis is away or full; the log may be open or not
 */
export function openLog(userId: number, attempt: number, events: RunEvent[]): Promise<Written> {
  return redis.openRunLog(
    key(events[0]?.data.run_id),
    attempt,
    env.RUN_LOG_TTL_S,
    ...encode(userId, events),
  ) as Promise<Written>;
}

/** Adds the next event of the attempt that opened the log. Its seq must follow the last one's. */
export function appendLog(userId: number, event: RunEvent): Promise<Written> {
  const { attempt } = event.data;
  return redis.appendRunLog(
    key(event.data.run_id),
    attempt,
    env.RUN_LOG_TTL_S,
    ...encode(userId, [event]),
  ) as Promise<Written>;
}

/**
 * Adds and publishes the terminal event, once however often it is called. Only publishes it when earlier events are
 * missing. A terminal event that begins its attempt is a whole log. Such a log keeps out a worker that was paused before it
 * opened its own.
 */
export async function closeLog(userId: number, event: RunEvent): Promise<void> {
  await redis.closeRunLog(
    key(event.data.run_id),
    event.data.attempt,
    env.RUN_LOG_TTL_S,
    ...encode(userId, [event]),
    firstSeq(event.data.attempt),
  );
}

/** Removes the logs of runs whose rows are gone. Where Redis is away they run out by themselves. Never throws. */
export async function dropLogs(runIds: number[]): Promise<void> {
  if (runIds.length === 0 || redis.status !== 'ready') return;
  await redis.unlink(runIds.map(key)).catch(() => {});
}

export type LogTail = { attempt: number; lastSeq: number; events: RunEvent[]; closed: boolean };

/**
 * Reads the events after a seq.
 * @returns null without a log: it has expired, was lost, or has not begun
 */
export async function readLog(runId: number, afterSeq: number): Promise<LogTail | null> {
  const results = await redis
    .multi()
    .xrange(key(runId), `(${afterSeq}-0`, '+')
    .xrevrange(key(runId), '+', '-', 'COUNT', 1)
    .exec();
  const [entries, [last]] = (results ?? []).map(([, found]) => found) as [Entry[], [Entry?]];
  if (last === undefined) return null;
  const [id, [, attempt, , , closed]] = last;
  const events = entries.map(([, fields]) => JSON.parse(fields[3]) as RunEvent);
  return { attempt: Number(attempt), lastSeq: Number.parseInt(id, 10), events, closed: closed !== undefined };
}

type Entry = [id: string, fields: ['attempt', string, 'event', string, 'closed'?, '1'?]];

function key(runId: number | undefined): string {
  return `run:{${runId}}:log`;
}

/** Returns for each event its seq, its JSON, and the packet with its channel. */
function encode(userId: number, events: RunEvent[]): (string | number | Buffer)[] {
  return events.flatMap((event) => {
    const { channel, payload } = packet(userId, event.event, event.data);
    return [event.data.seq, JSON.stringify(event), channel, payload];
  });
}

/** KEYS: log. ARGV: attempt, ttl, then seq, event, channel, packet for each event. */
const store = `
local log, attempt, ttl = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local logAttempt, logSeq, closed = 0, 0, false
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
if last then
  logSeq, logAttempt, closed = tonumber(string.match(last[1], '%d+')), tonumber(last[2][2]), last[2][5]
end
local function add(i)
  redis.call('XADD', log, ARGV[i] .. '-0', 'attempt', attempt, 'event', ARGV[i + 1])
  redis.call('EXPIRE', log, ttl)
  redis.call('PUBLISH', ARGV[i + 2], ARGV[i + 3])
end
`;
redis.defineCommand('openRunLog', {
  numberOfKeys: 1,
  lua: `${store}
if logAttempt > attempt then return 'newer' end
if logAttempt == attempt then return 'lost' end
for i = 3, #ARGV, 4 do add(i) end
return 'ok'`,
});
redis.defineCommand('appendRunLog', {
  numberOfKeys: 1,
  lua: `${store}
if logAttempt > attempt then return 'newer' end
if logAttempt ~= attempt or logSeq + 1 ~= tonumber(ARGV[3]) then return 'lost' end
add(3)
return 'ok'`,
});
redis.defineCommand('closeRunLog', {
  numberOfKeys: 1,
  lua: `${store}
if logAttempt > attempt or closed then return 'ok' end
local seq, first = tonumber(ARGV[3]), tonumber(ARGV[7])
if (logAttempt < attempt and seq == first) or (logAttempt == attempt and logSeq + 1 == seq) then
  -- A full Redis does not store the event. It is still published, and resume makes it from the row.
  redis.pcall('XADD', log, ARGV[3] .. '-0', 'attempt', attempt, 'event', ARGV[4], 'closed', 1)
  redis.call('EXPIRE', log, ttl)
else
  -- Redis was emptied, or restored an older copy. A log with a gap must not be replayed.
  redis.call('DEL', log)
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 'ok'`,
});

type ScriptArguments = [log: string, attempt: number, ttlS: number, ...(string | number | Buffer)[]];
declare module 'ioredis' {
  interface RedisCommander<Context> {
    openRunLog(...args: ScriptArguments): Result<string, Context>;
    appendRunLog(...args: ScriptArguments): Result<string, Context>;
    closeRunLog(...args: ScriptArguments): Result<string, Context>;
  }
}
