import type { RunView } from '../kit/view.ts';
import type { Device } from './device.ts';
import type { Journal } from './journal.ts';
import type { Planned } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { User } from './user.ts';

type Row = {
  id: number;
  user_id: number;
  conversation_id: number;
  idempotency_key: string;
  status: string;
  attempt: number;
  crashes: number;
  last_seq: number;
  announced: boolean;
  error_code: string | null;
  completion_tokens: number | null;
  content: string;
  ended: number;
  questions: number;
  replies: number;
};

const RUNS = `SELECT r.id, r.user_id, r.conversation_id, r.idempotency_key, r.status, r.attempt, r.crashes, r.last_seq,
  r.announced_at IS NOT NULL AS announced, r.error_code, r.completion_tokens, reply.content,
  extract(epoch FROM r.completed_at)::float8 AS ended,
  (SELECT count(*) FROM messages m WHERE m.run_id = r.id AND m.message_type = 'user') AS questions,
  (SELECT count(*) FROM messages m WHERE m.run_id = r.id AND m.message_type = 'assistant') AS replies
  FROM runs r JOIN messages reply ON reply.id = r.reply_id ORDER BY r.id`;

/** Conversations whose counters do not agree with their rows. */
const MISCOUNTED = `SELECT c.id, c.total_tokens, c.message_count, sum(coalesce(r.total_tokens, 0)) AS tokens,
  2 * count(*) AS messages
  FROM conversations c JOIN runs r ON r.conversation_id = c.id GROUP BY c.id
  HAVING c.total_tokens <> sum(coalesce(r.total_tokens, 0)) OR c.message_count <> 2 * count(*)`;

/** What the stand-in says when asked for so many words. */
const answerOf = (words: number): string => Array.from({ length: words }, (_, i) => `w${i + 1}`).join(' ');

/** Asserts the invariants of a round at rest, over the rows and over what every device saw; wrongs go to the journal. */
export async function verify({ postgres }: Stack, users: User[], journal: Journal): Promise<void> {
  const rows = await postgres.rows<Row>(RUNS);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const user of users) {
    for (const message of user.untaken) journal.wrong('lost', `message ${message.index} was never taken`);
    for (const [runId, message] of user.accepted)
      checkRun(byId.get(runId), runId, message, mayBeCancelled(runId, message, user), journal);
    for (const device of user.devices) checkDevice(device, user, byId, journal);
    await checkLateDevices(user, byId, journal);
  }
  checkKeys(rows, users, journal);
  checkOrder(rows, journal);
  for (const found of await postgres.rows(MISCOUNTED))
    journal.wrong('doubled', `counters of a conversation: ${JSON.stringify(found)}`);
}

/** Whether its user cancelled it, or said something later that interrupts it. */
function mayBeCancelled(runId: number, message: Planned, user: User): boolean {
  const interrupted = [...user.accepted].some(
    ([later, { conversation, interrupts }]) =>
      later > runId && interrupts && conversation === message.conversation,
  );
  return interrupted || message.cancelAfter !== undefined;
}

/** I1, I2: a taken message has one answer, and it is the right one; a cancelled one has the beginning of it. */
function checkRun(
  row: Row | undefined,
  runId: number,
  message: Planned,
  cancellable: boolean,
  journal: Journal,
): void {
  if (!row) return journal.wrong('lost', 'there is no such run', runId);
  const { status, content, crashes, error_code } = row;
  if (!row.announced) journal.wrong('lost', `it is ${status} and was never announced`, runId);
  if (row.questions !== 1 || row.replies !== 1)
    journal.wrong('doubled', `${row.questions} questions and ${row.replies} replies`, runId);
  if (status === 'failed' && error_code === 'crashed' && crashes >= 3) return;
  if (status === 'cancelled' && cancellable) {
    if (!answerOf(message.words).startsWith(content))
      journal.wrong(
        'spliced',
        `cancelled in the middle of ${message.words} words, the row says: ${content}`,
        runId,
      );
    return;
  }
  if (status !== 'completed') return journal.wrong('lost', `it ended ${status} ${error_code}`, runId);
  if (content !== answerOf(message.words))
    journal.wrong('spliced', `asked for ${message.words} words, the row says: ${content}`, runId);
  if (row.completion_tokens !== message.words)
    journal.wrong('doubled', `${message.words} words were counted as ${row.completion_tokens}`, runId);
}

/** I1, I3, I4: a device knows every end of its user's runs, showed what the row says, and saw nobody else's. */
function checkDevice(device: Device, user: User, rows: Map<number, Row>, journal: Journal): void {
  for (const runId of user.accepted.keys()) {
    if (!device.knowsEnd(runId)) journal.wrong('lost', `${device.name} does not know its end`, runId);
  }
  for (const [runId, view] of device.shown) {
    const row = rows.get(runId);
    if (row?.user_id !== user.id)
      journal.wrong('other', `${device.name} was shown a run of another user`, runId);
    if (row && view.ended) compare(device.name, view, row, journal);
  }
}

function compare(who: string, { attempt, seq, text, joined }: RunView, row: Row, journal: Journal): void {
  if (text !== row.content)
    journal.wrong('spliced', `${who} shows: ${text}\nthe row says: ${row.content}`, row.id);
  if (joined !== undefined && joined !== row.content)
    journal.wrong('spliced', `${who} was shown: ${joined}\nthe row says: ${row.content}`, row.id);
  if (attempt !== row.attempt || seq !== row.last_seq + 1)
    journal.wrong(
      'spliced',
      `${who} ended with ${attempt}/${seq}, the row with ${row.attempt}/${row.last_seq}`,
      row.id,
    );
}

/** I3 once more: devices that come only after the end, at once or now, are told the same, without a hole. */
async function checkLateDevices(user: User, rows: Map<number, Row>, journal: Journal): Promise<void> {
  for (const runId of user.accepted.keys()) {
    const row = rows.get(runId);
    const now = await user.devices[0]?.replay(runId).catch((err: Error) => err.message);
    if (typeof now === 'string') journal.wrong('other', `its log cannot be read: ${now}`, runId);
    for (const late of [now, ...user.devices.map(({ replays }) => replays.get(runId))]) {
      if (typeof late !== 'object' || !row) continue;
      if (late.ended) compare('a late device', late, row, journal);
      else journal.wrong('lost', 'a late device is not told its end', runId);
    }
  }
}

/** I2: each key names one run, the one that its sender was told. */
function checkKeys(rows: Row[], users: User[], journal: Journal): void {
  const told = new Set(users.flatMap((user) => [...user.accepted.keys()]));
  const seen = new Set<string>();
  for (const { id, user_id, idempotency_key } of rows) {
    const key = `${user_id} ${idempotency_key}`;
    if (seen.has(key)) journal.wrong('doubled', `a second run of ${idempotency_key}`, id);
    seen.add(key);
    const untaken = users.some(({ id: of, untaken: list }) =>
      list.some(({ index }) => of === user_id && idempotency_key === `message-${index}`),
    );
    if (!told.has(id) && !untaken) journal.wrong('doubled', `a run that nobody was told of`, id);
  }
}

/** The runs of a conversation end in the order in which they were taken; a cancel needs no turn. */
function checkOrder(rows: Row[], journal: Journal): void {
  const last = new Map<number, Row>();
  for (const row of rows.filter(({ status }) => status !== 'cancelled')) {
    const before = last.get(row.conversation_id);
    if (before && before.ended > row.ended)
      journal.wrong('other', `it ended before run ${before.id}, which came before it`, row.id);
    last.set(row.conversation_id, row);
  }
}
