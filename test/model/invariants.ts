import { rows } from '../../db/sql.ts';
import { firstSeq, isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { readLog } from '../../shared/delivery/runlog.ts';
import type { World } from './world.ts';

type Run = {
  id: number;
  status: string;
  attempt: number;
  last_seq: number;
  content: string;
  error_code: string | null;
  crashes: number;
  cancelled: boolean;
  announced: boolean;
  total_tokens: number | null;
  questions: number;
  replies: number;
};
const ENDED = ['completed', 'incomplete', 'failed', 'cancelled'];

/** Everything that is wrong at rest, by the invariants of the design; empty when all is well. */
export async function wrongsAtRest(world: World): Promise<string[]> {
  const runs = await load(world.userId);
  const wrongs = [
    ...world.wrongs,
    ...world.device.wrongs,
    ...world.requests.wrongs,
    ...world.workers.flatMap((worker) => worker.wrongs),
    ...(await countersOf(world, runs)),
    ...keysOf(world, runs),
  ];
  for (const run of runs) {
    const found = [
      ...ofRow(run),
      ...ofPushes(world, run),
      ...ofDevice(world, run),
      ...(await ofLog(world, run)),
    ];
    wrongs.push(...found.map((wrong) => `run ${run.id}: ${wrong}`));
  }
  return wrongs;
}

function load(userId: number): Promise<Run[]> {
  return rows<Run>(
    `SELECT r.id, r.status, r.attempt, r.last_seq, reply.content, r.error_code, r.crashes, r.total_tokens,
       r.cancel_requested_at IS NOT NULL AS cancelled, r.announced_at IS NOT NULL AS announced,
       (SELECT count(*) FROM messages WHERE run_id = r.id AND message_type = 'user') AS questions,
       (SELECT count(*) FROM messages WHERE run_id = r.id AND message_type = 'assistant') AS replies
     FROM runs r JOIN messages reply ON reply.id = r.reply_id WHERE r.user_id = :userId ORDER BY r.id`,
    { userId },
  );
}

/** I1, and I2 of one run. */
function ofRow(run: Run): string[] {
  const wrongs: string[] = [];
  if (!ENDED.includes(run.status)) wrongs.push(`is ${run.status} at rest`);
  else if (!run.announced) wrongs.push('is not announced');
  if (run.questions !== 1 || run.replies !== 1) wrongs.push('has not one question and one reply');
  if (run.cancelled && run.status !== 'cancelled') wrongs.push(`was cancelled and is ${run.status}`);
  if (run.error_code === 'crashed' && run.crashes !== 3) wrongs.push(`crashed after ${run.crashes}`);
  if (run.status === 'completed' && !/^answer \d+ is 😀\.$/u.test(run.content)) {
    wrongs.push(`says ${JSON.stringify(run.content)}`);
  }
  return wrongs;
}

/** I2 of the conversation. */
async function countersOf({ userId }: World, runs: Run[]): Promise<string[]> {
  const [kept] = await rows<{ message_count: number; total_tokens: number; conversations: number }>(
    `SELECT coalesce(sum(message_count), 0)::bigint AS message_count, count(*) AS conversations,
       coalesce(sum(total_tokens), 0)::bigint AS total_tokens FROM conversations WHERE user_id = :userId`,
    { userId },
  );
  const total_tokens = runs.reduce((sum, run) => sum + (run.total_tokens ?? 0), 0);
  const due = { message_count: 2 * runs.length, conversations: Math.min(1, runs.length), total_tokens };
  const right = Object.entries(due).every(([name, value]) => Reflect.get(kept ?? {}, name) === value);
  return right ? [] : [`the conversation counts ${JSON.stringify(kept)}, due is ${JSON.stringify(due)}`];
}

function keysOf({ requests }: World, runs: Run[]): string[] {
  const accepted = requests.posts.filter(({ runId }) => runId !== null);
  const ids = new Set(accepted.map(({ runId }) => runId));
  const same =
    ids.size === accepted.length && runs.every(({ id }) => ids.has(id)) && runs.length === ids.size;
  return same ? [] : [`accepted were ${[...ids]}, rows are ${runs.map(({ id }) => id)}`];
}

/** One terminal event, the row's, whoever sent it; and nothing of an older attempt behind a newer one. */
function ofPushes({ device, wiped }: World, run: Run): string[] {
  const pushed = device.pushed.filter(({ data }) => data.run_id === run.id);
  const ends = pushed.filter(isTerminal);
  const wrongs: string[] = [];
  if (ends.length === 0) wrongs.push('its end was never pushed');
  // Without its log there is nothing to know a second announcement by; clients know it by its seq.
  if (!wiped && ends.length > 1) wrongs.push(`its end was pushed ${ends.length} times`);
  if (new Set(ends.map((end) => JSON.stringify(end))).size > 1) wrongs.push('two different ends were pushed');
  if (ends.some(({ data }) => data.seq !== run.last_seq + 1 || data.attempt !== run.attempt)) {
    wrongs.push('its end was not pushed as the row says');
  }
  if (ends.some(({ data }) => data.seq < firstSeq(data.attempt) || data.seq >= firstSeq(data.attempt + 1))) {
    wrongs.push("its end's number is another attempt's");
  }
  const attempts = pushed.map(({ data }) => data.attempt);
  // After a wipe the log has forgotten the newer attempt; clients have not.
  if (!wiped && attempts.some((attempt, i) => attempt < (attempts[i - 1] ?? 0))) {
    wrongs.push('an older attempt showed something after a newer one');
  }
  return wrongs;
}

/** I3: what the device shows of the last attempt is the row, byte for byte. */
function ofDevice({ device, requests }: World, run: Run): string[] {
  const shown = device.know(run.id);
  // Nobody finds the runs of a deleted conversation: what was not pushed cannot be asked for.
  if (shown.gone && requests.deleted) return [];
  const end = shown.events.at(-1);
  if (!shown.ended || end === undefined) return ['the device shows no end'];
  const wrongs = shown.reset ? [] : holes(shown.events);
  const content = 'content' in end.data ? end.data.content : undefined;
  if (content !== run.content) wrongs.push(`the device ends with ${JSON.stringify(content)}`);
  if (shown.events.length > 1 && textOf(shown.events) !== run.content) {
    wrongs.push(
      `the device shows ${JSON.stringify(textOf(shown.events))}, the row says ${JSON.stringify(run.content)}`,
    );
  }
  return wrongs;
}

/** What others would be given by `resume`. */
async function ofLog({ wiped }: World, run: Run): Promise<string[]> {
  const log = await readLog(run.id, 0);
  if (log === null) return wiped ? [] : ['it has no log'];
  if (log.attempt !== run.attempt) return wiped ? [] : ['its log ends with an older attempt'];
  const last = log.events.filter(({ data }) => data.attempt === run.attempt);
  const wrongs = holes(last).map((hole) => `in the log: ${hole}`);
  if (textOf(last) !== run.content && last.length > 1) wrongs.push('the log does not say what the row says');
  if (!log.closed && !wiped) wrongs.push('its log is not closed');
  return wrongs;
}

function holes(events: RunEvent[]): string[] {
  const first = firstSeq(events[0]?.data.attempt ?? 1);
  const seqs = events.map(({ data }) => data.seq);
  return seqs.every((seq, i) => seq === first + i) ? [] : [`numbers ${seqs}`];
}

function textOf(events: RunEvent[]): string {
  return events.map(({ event, data }) => (event === 'response.delta' ? data.delta : '')).join('');
}
