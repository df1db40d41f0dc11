import type { Result } from 'ioredis';
import { env } from '../base/env.ts';
import { firstSeq, type RunEvent } from './runEvents.ts';
import { packet } from './push.ts';
import { redis } from './redis.ts';

/**
 * The run log: what clients were shown of a run, in Redis, for RUN_LOG_TTL_S after its last event. A stream
 * holds the events under their seq, each with its attempt, so that the last entry is all a script needs to know. Each
 * script stores AND publishes: a publish beside the script would slip through the fence.
 *
 * 'newer': another attempt has the log, the caller has lost the run. 'lost': the log is not what the caller
 * left (Redis was emptied, or an answer was lost), so it must claim a new attempt and open again.
 */
export type Written = 'ok' | 'newer' | 'lost';

/**
 * Begins an attempt: events are its first ones, in order.
 * @throws when Redis is away or full; the log may or may not have been opened
 */
export function openLog(userId: number, attempt: number, events: RunEvent[]): Promise<Written> {
  return redis.openRunLog(
    key(events[0]?.data.run_id),
    attempt,
    env.RUN_LOG_TTL_S,
    ...encode(userId, events),
  ) as Promise<Written>;
}

/** Adds the next event of the attempt that opened the log; its seq must be the last one's successor. */
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
 * Adds and publishes the terminal event, once however often it is called. Where the events before it are missing it only
 * publishes. An event that is the first of its attempt is a whole log: it keeps out a worker that was paused before it
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

export type LogTail = { attempt: number; lastSeq: number; events: RunEvent[]; closed: boolean };

/**
 * What came after a seq.
 * @returns null when there is no log: it has expired, was lost, or has not begun
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

/** For each event: its seq, its place in the log, and the packet with its channel. */
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
  -- Where Redis is full it is not stored: resume has it from the row, and whoever listens is told.
  redis.pcall('XADD', log, ARGV[3] .. '-0', 'attempt', attempt, 'event', ARGV[4], 'closed', 1)
  redis.call('EXPIRE', log, ttl)
else
  -- Redis was emptied, or came back with an older copy: a log with a hole must not be replayed.
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
