import { expect } from 'chai';
import { rows } from '../../db/sql.ts';
import type { RunEvent } from '../../shared/events.ts';
import type { BuiltUser } from './factories.ts';
import { type Device, deltas } from './device.ts';

type Ended = { id: number; status: string; announced: boolean; content: string; attempt: number };

/** I1: every run has ended and was announced. I2: one question and one reply each. Returns the runs, oldest first. */
export async function expectAllAnswered(): Promise<Ended[]> {
  const runs = await rows<Ended>(
    `SELECT r.id, r.status, r.announced_at IS NOT NULL AS announced, m.content, r.attempt
     FROM runs r JOIN messages m ON m.id = r.reply_id ORDER BY r.id`,
  );
  for (const run of runs) {
    expect(run.status, `run ${run.id}`).to.be.oneOf(['completed', 'incomplete', 'failed', 'cancelled']);
    expect(run.announced, `run ${run.id} announced`).to.equal(true);
  }
  const [counts] = await rows<{ questions: number; replies: number }>(
    `SELECT count(*) FILTER (WHERE message_type = 'user') AS questions,
       count(*) FILTER (WHERE message_type = 'assistant') AS replies FROM messages`,
  );
  expect(counts).to.deep.equal({ questions: runs.length, replies: runs.length });
  return runs;
}

/** I3: numbers without a hole, and what the device shows is the row's text. */
export function expectShownIs(device: Device, runId: number, content: string): void {
  expectWhole(device.shown(runId));
  const shown = device.shown(runId);
  const last = shown.at(-1) as RunEvent;
  const carried = 'content' in last.data ? last.data.content : undefined;
  expect(carried).to.equal(content);
  if (shown.length > 1) expect(deltas(shown)).to.equal(content);
}

/** Numbers of one attempt rise by one from where the attempt begins. */
export function expectWhole(events: RunEvent[]): void {
  const [first] = events;
  if (first === undefined) throw new Error('nothing was shown');
  const start = first.data.attempt === 1 ? 1 : first.data.attempt * 1_000_000;
  expect(events.map(({ data }) => data.seq)).to.deep.equal(events.map((_, i) => start + i));
}

/** I4: nobody is pushed what is not theirs. */
export async function expectOnlyOwn(device: Device, user: BuiltUser): Promise<void> {
  const own = await rows<{ id: number }>('SELECT id FROM runs WHERE user_id = :id', { id: user.id });
  const ids = own.map(({ id }) => id);
  expect(device.events.filter(({ data }) => !ids.includes(data.run_id))).to.deep.equal([]);
}
