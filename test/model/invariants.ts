import { rows } from '../../db/sql.ts';
import { holesIn, type RunAtRest, runsAtRest, wrongsOfRun, wrongsOfView } from '../../lab/kit/invariants.ts';
import { deltas } from '../../web/sdk/view.ts';
import { firstSeq, isTerminal } from '../../shared/delivery/runEvents.ts';
import { readLog } from '../../shared/delivery/runlog.ts';
import { questions } from './provider.ts';
import type { World } from './world.ts';

/** Everything that is wrong at rest, by the invariants of the design; empty when all is well. */
export async function wrongsAtRest(world: World): Promise<string[]> {
  const runs = await runsAtRest(rows, world.userId);
  const wrongs = [
    ...world.wrongs,
    ...world.device.wrongs,
    ...world.requests.wrongs,
    ...world.workers.flatMap((worker) => worker.wrongs),
    ...(await countersOf(world, runs)),
    ...keysOf(world, runs),
    ...(await quietOf(world)),
    ...(await questionsOf(world)),
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

/** I1, and I2 of one run. */
function ofRow(run: RunAtRest): string[] {
  const wrongs = wrongsOfRun(run);
  if (run.cancelled && run.status !== 'cancelled') wrongs.push(`was cancelled and is ${run.status}`);
  if (run.error_code === 'context_failed' || run.error_code === 'moderation_unavailable')
    wrongs.push('was claimed before its messages were prepared');
  if (run.error_code === 'crashed' && run.crashes !== 3) wrongs.push(`crashed after ${run.crashes}`);
  if (run.status === 'completed' && !/^answer \d+ is 😀\.$/u.test(run.content)) {
    wrongs.push(`says ${JSON.stringify(run.content)}`);
  }
  return wrongs;
}

/** I2 of the conversation. */
async function countersOf({ userId }: World, runs: RunAtRest[]): Promise<string[]> {
  const [kept] = await rows<{ message_count: number; total_tokens: number; conversations: number }>(
    `SELECT coalesce(sum(message_count), 0)::bigint AS message_count, count(*) AS conversations,
       coalesce(sum(total_tokens), 0)::bigint AS total_tokens FROM conversations WHERE user_id = :userId`,
    { userId },
  );
  const total_tokens = runs.reduce((sum, run) => sum + (run.total_tokens ?? 0), 0);
  const standing = await rows('SELECT id FROM messages WHERE user_id = :userId AND run_id IS NULL', {
    userId,
  });
  const answered = runs.reduce((sum, run) => sum + run.questions + run.replies, 0);
  const message_count = answered + standing.length;
  const due = { message_count, conversations: Math.min(1, runs.length), total_tokens };
  const right = Object.entries(due).every(([name, value]) => Reflect.get(kept ?? {}, name) === value);
  return right ? [] : [`the conversation counts ${JSON.stringify(kept)}, due is ${JSON.stringify(due)}`];
}

/**
 * While a person is asked for no run starts, and once a person has the conversation none is completed. Each message without a
 * run is stored once, all news are told, and devices were told of each message.
 */
async function quietOf({ userId, requests, device }: World): Promise<string[]> {
  const spoke = await rows<{ id: number; what: string }>(
    `SELECT r.id, CASE WHEN r.started_at > e.handoff_at THEN 'started after a handoff' ELSE 'completed after a take' END AS what
     FROM runs r JOIN episodes e ON e.conversation_id = r.conversation_id WHERE r.user_id = :userId
       AND (r.started_at > e.handoff_at OR r.completed_at > e.taken_at AND r.status = 'completed')`,
    { userId },
  );
  const stored = await rows<{ content: string }>(
    'SELECT content FROM messages WHERE user_id = :userId AND run_id IS NULL ORDER BY content',
    { userId },
  );
  const stand = requests.posts.filter(({ stands }) => stands).map(({ key }) => key);
  const same = stand.toSorted().join() === stored.map(({ content }) => content).join();
  const untold = await rows(
    'SELECT version FROM conversation_news n JOIN conversations c ON c.id = conversation_id WHERE user_id = :userId',
    { userId },
  );
  return [
    ...spoke.map(({ id, what }) => `run ${id} ${what}`),
    ...(same
      ? []
      : [`before a person stand ${stored.map(({ content }) => content)}, accepted were ${stand}`]),
    ...(untold.length > 0 ? ['news were not told'] : []),
    ...(requests.deleted ? [] : requests.posts)
      .filter(({ messageId }) => messageId !== null && !device.told.has(messageId))
      .map(({ key }) => `no device was told of "${key}"`),
  ];
}

/** Each accepted message is one question of one run, and each question somebody's message. */
function keysOf({ requests }: World, runs: RunAtRest[]): string[] {
  const accepted = requests.posts.filter(({ runId }) => runId !== null);
  const ids = new Set(accepted.map(({ runId }) => runId));
  const messages = new Set(accepted.map(({ messageId }) => messageId));
  const questions = runs.reduce((sum, run) => sum + run.questions, 0);
  const same =
    messages.size === accepted.length &&
    questions === accepted.length &&
    runs.every(({ id }) => ids.has(id)) &&
    runs.length === ids.size;
  return same
    ? []
    : [
        `accepted were ${accepted.length} messages of ${[...ids]}, rows are ${questions} of ${runs.map(({ id }) => id)}`,
      ];
}

/** Every attempt was asked all messages of its run, and no message joined a run after that. */
async function questionsOf({ userId }: World): Promise<string[]> {
  const whole = await rows<{ id: number; question: string; unprepared: boolean }>(
    `SELECT r.id, r.started_at IS NOT NULL AND 1 + cardinality(r.joined_ids) <> ANY (ARRAY[
       coalesce((r.moderation ->> 'parts')::integer, 1), coalesce((r.context ->> 'parts')::integer, 1)]) AS unprepared, array_to_string(coalesce(parts_of(r.message_id, r.joined_ids), ARRAY[q.content]), E'\\n\\n') AS question
     FROM runs r JOIN messages q ON q.id = r.message_id WHERE r.user_id = :userId`,
    { userId },
  );
  const asked = [...questions.values()];
  questions.clear();
  const fewer = whole.filter(({ unprepared }) => unprepared);
  const wrongs = asked
    .filter((question) => whole.every((run) => run.question !== question))
    .map(
      (question) =>
        `the model was asked ${JSON.stringify(question)}, not what a run has: ${JSON.stringify(whole)}`,
    );
  return [...wrongs, ...fewer.map(({ id }) => `run ${id}: a stage's result is of fewer messages`)];
}

/** One terminal event, the row's, whoever sent it; and nothing of an older attempt behind a newer one. */
function ofPushes({ device, wiped }: World, run: RunAtRest): string[] {
  const pushed = device.pushed.filter(({ data }) => data.run_id === run.id);
  const ends = pushed.filter(isTerminal);
  const wrongs: string[] = [];
  if (ends.length === 0) wrongs.push('its end was never pushed');
  // Without the log nothing recognises a second announcement; clients recognise it by its seq.
  if (!wiped && ends.length > 1) wrongs.push(`its end was pushed ${ends.length} times`);
  if (new Set(ends.map((end) => JSON.stringify(end))).size > 1) wrongs.push('two different ends were pushed');
  if (ends.some(({ data }) => data.seq !== run.last_seq + 1 || data.attempt !== run.attempt)) {
    wrongs.push('its end was not pushed as the row says');
  }
  if (ends.some(({ data }) => data.seq < firstSeq(data.attempt) || data.seq >= firstSeq(data.attempt + 1))) {
    wrongs.push("its end's number is another attempt's");
  }
  const attempts = pushed.map(({ data }) => data.attempt);
  // A wipe makes the log forget the newer attempt; clients remember it.
  if (!wiped && attempts.some((attempt, i) => attempt < (attempts[i - 1] ?? 0))) {
    wrongs.push('an older attempt showed something after a newer one');
  }
  return wrongs;
}

/** I3: what the device shows of the last attempt is the row, byte for byte. */
function ofDevice({ device, requests }: World, run: RunAtRest): string[] {
  const shown = device.know(run.id);
  // Nobody finds the runs of a deleted conversation, so the device cannot fetch what was not pushed.
  if (shown.gone && requests.deleted) return [];
  return [...wrongsOfView(shown.view, run), ...(shown.reset ? [] : holesIn(shown.view.events))];
}

/** What others would be given by `resume`. */
async function ofLog({ wiped }: World, run: RunAtRest): Promise<string[]> {
  const log = await readLog(run.id, 0);
  if (log === null) return wiped ? [] : ['it has no log'];
  if (log.attempt !== run.attempt) return wiped ? [] : ['its log ends with an older attempt'];
  const last = log.events.filter(({ data }) => data.attempt === run.attempt);
  const wrongs = holesIn(last).map((hole) => `in the log: ${hole}`);
  if (deltas(last) !== run.content && last.length > 1) wrongs.push('the log does not say what the row says');
  if (!log.closed && !wiped) wrongs.push('its log is not closed');
  return wrongs;
}
