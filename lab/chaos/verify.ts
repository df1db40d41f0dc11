import {
  miscounted,
  type Query,
  type RunAtRest,
  runsAtRest,
  wrongsOfRun,
  wrongsOfView,
} from '../kit/invariants.ts';
import type { RunView } from '../../web/sdk/view.ts';
import type { Agent } from './agent.ts';
import type { Device } from './device.ts';
import type { Journal } from './journal.ts';
import type { Planned } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { User } from './user.ts';

/** Returns the stand-in's answer of `words` words. */
const answerOf = (words: number): string => Array.from({ length: words }, (_, i) => `w${i + 1}`).join(' ');

/** Checks the invariants of a round at rest, by the rows and the devices' views. Notes failures in the journal. */
export async function verify(
  { postgres }: Stack,
  users: User[],
  agents: Agent[],
  journal: Journal,
): Promise<void> {
  const rows = await runsAtRest(postgres.rows);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const user of users) {
    for (const message of user.untaken) journal.wrong('lost', `message ${message.index} was never taken`);
    for (const [runId, parts] of user.accepted)
      checkRun(byId.get(runId), { runId, parts, cancellable: mayBeCancelled(runId, parts, user) }, journal);
    for (const device of user.devices) checkDevice(device, user, byId, journal);
    await checkLateDevices(user, byId, journal);
  }
  checkKeys(rows, users, journal);
  await checkMessages(postgres.rows, users, journal);
  for (const agent of agents) await checkAgent(postgres.rows, agent, journal);
  checkOrder(rows, journal);
  for (const found of await miscounted(postgres.rows))
    journal.wrong('doubled', `counters of a conversation: ${JSON.stringify(found)}`);
}

/** Returns whether the user cancelled the run, interrupted it by a later message, or a person took its conversation. */
function mayBeCancelled(runId: number, parts: Map<number, Planned>, user: User): boolean {
  const own = [...parts.values()];
  const conversation = own[0]?.conversation ?? -1;
  const interrupted = [...user.accepted].some(
    ([later, others]) =>
      later > runId &&
      [...others.values()].some((one) => one.interrupts && one.conversation === conversation),
  );
  const standing = [...user.standing.values()].some(
    (one) => one.interrupts && one.conversation === conversation,
  );
  const handedOver = user.handedOver.has(conversation);
  return interrupted || standing || handedOver || own.some(({ cancelAfter }) => cancelAfter !== undefined);
}

/** I1, I2: accepted messages have one answer, the right one. Cancelled ones have the answer's beginning. */
function checkRun(
  row: RunAtRest | undefined,
  { runId, parts, cancellable }: { runId: number; parts: Map<number, Planned>; cancellable: boolean },
  journal: Journal,
): void {
  if (!row) return journal.wrong('lost', 'there is no such run', runId);
  const { status, content, crashes, error_code } = row;
  for (const wrong of wrongsOfRun(row))
    journal.wrong(row.announced ? 'doubled' : 'lost', `it ${wrong}`, runId);
  if (row.questions !== parts.size)
    journal.wrong('doubled', `it answers ${row.questions} messages, ${parts.size} were taken`, runId);
  if (status === 'failed' && error_code === 'crashed' && crashes >= 3) return;
  // The stand-in does as the last message asks.
  const [, { words } = { words: 0 }] = [...parts].toSorted(([a], [b]) => a - b).at(-1) ?? [];
  if (status === 'cancelled' && cancellable) {
    if (!answerOf(words).startsWith(content))
      journal.wrong('spliced', `cancelled in the middle of ${words} words, the row says: ${content}`, runId);
    return;
  }
  if (status !== 'completed') return journal.wrong('lost', `it ended ${status} ${error_code}`, runId);
  if (content !== answerOf(words))
    journal.wrong('spliced', `asked for ${words} words, the row says: ${content}`, runId);
  if (row.completion_tokens !== words)
    journal.wrong('doubled', `${words} words were counted as ${row.completion_tokens}`, runId);
}

/** I2: each accepted message stands once, in the run that its sender knows or before a person. */
async function checkMessages(query: Query, users: User[], journal: Journal): Promise<void> {
  const rows = await query<{ id: number; user_id: number; run_id: number | null; content: string }>(
    "SELECT id, user_id, run_id, content FROM messages WHERE message_type = 'user'",
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const contents = new Set<string>();
  for (const { user_id, content } of rows) {
    if (contents.has(`${user_id} ${content}`)) journal.wrong('doubled', `two messages say: ${content}`);
    contents.add(`${user_id} ${content}`);
  }
  for (const user of users) {
    const known = [
      ...[...user.accepted].flatMap(([runId, parts]) =>
        [...parts].map(([id, message]) => ({ id, message, runId: runId as number | null })),
      ),
      ...[...user.standing].map(([id, message]) => ({ id, message, runId: null })),
    ];
    for (const { id, message, runId } of known) {
      const row = byId.get(id);
      if (row?.content !== message.content || row.run_id !== runId)
        journal.wrong(
          'lost',
          `message ${message.index} is not where its sender was told: ${JSON.stringify(row)}`,
        );
    }
  }
}

/** Each reply stands once, and the bot began and said nothing while the agent had the conversation. */
async function checkAgent(query: Query, { name, held, replies }: Agent, journal: Journal): Promise<void> {
  const said = await query<{ content: string }>("SELECT content FROM messages WHERE message_type = 'agent'");
  for (const reply of replies) {
    const count = said.filter(({ content }) => content === reply).length;
    if (count !== 1) journal.wrong(count === 0 ? 'lost' : 'doubled', `"${reply}" stands ${count} times`);
  }
  const runs = await query<{ id: number; conversation_id: number; started: number | null; ended: number }>(
    `SELECT id, conversation_id, extract(epoch FROM started_at)::float8 * 1000 AS started,
       extract(epoch FROM completed_at)::float8 * 1000 AS ended FROM runs WHERE status <> 'cancelled'`,
  );
  for (const { conversation, from, to } of held) {
    const within = (ms: number | null) => ms !== null && ms > from && ms < to;
    for (const run of runs.filter(({ conversation_id }) => conversation_id === conversation))
      if (within(run.started) || within(run.ended))
        journal.wrong('other', `the bot spoke while ${name} had conversation ${conversation}`, run.id);
  }
}

/** I1, I3, I4: a device knows the end of each of its user's runs, shows the row's text, and saw no other user's runs. */
function checkDevice(device: Device, user: User, rows: Map<number, RunAtRest>, journal: Journal): void {
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

function compare(who: string, view: RunView, row: RunAtRest, journal: Journal): void {
  for (const wrong of wrongsOfView(view, row)) journal.wrong('spliced', `${who} ${wrong}`, row.id);
}

/** I3: devices that connect after the end, at once or later, get the same events without a gap. */
async function checkLateDevices(user: User, rows: Map<number, RunAtRest>, journal: Journal): Promise<void> {
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

/** I2: each key names one run, the run that the sender knows. */
function checkKeys(rows: RunAtRest[], users: User[], journal: Journal): void {
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

/** A conversation's runs end in the order of acceptance; cancelled runs may end earlier. */
function checkOrder(rows: RunAtRest[], journal: Journal): void {
  const last = new Map<number, RunAtRest>();
  for (const row of rows.filter(({ status }) => status !== 'cancelled')) {
    const before = last.get(row.conversation_id);
    if (before && before.ended > row.ended)
      journal.wrong('other', `it ended before run ${before.id}, which came before it`, row.id);
    last.set(row.conversation_id, row);
  }
}
