import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { call } from '../support/api.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Stack, startStack, WORKERS } from '../support/stack.ts';

/** What a user may lose so that their texts may not go to the provider. */
type Loss = 'consent' | 'status' | 'conversation';

const ENDED = ['completed', 'incomplete', 'failed', 'cancelled'];

/** Repeats a check until it is true; mocha's timeout ends it otherwise. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(50);
}

describe('the engine, when a right ends while a message waits,', function () {
  this.timeout(90_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  before(async () => {
    stack = await startStack({}, ['web']);
  });
  beforeEach(async () => {
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
  });
  afterEach(() => {
    device.close();
    stack.provider.reset();
  });
  after(() => stack.stop());

  const send = async (content: string, conversation_id?: unknown) => {
    const { status, body } = await stack.post('/chat/send', { content, conversation_id }, user.access);
    expect(status).to.equal(202);
    return { run: Number(body.run_id), conversation: Number(body.conversation_id) };
  };
  const withdraw = async () => {
    const url = `${stack.web[0]}/api/v1/users/me`;
    const { status } = await call(url, 'PATCH', { data_processing_consent: false }, { token: user.access });
    expect(status).to.equal(200);
  };
  const statuses = async (ids: number[]) =>
    (
      await rows<{ status: string }>('SELECT status FROM runs WHERE id = ANY (:ids) ORDER BY id', { ids })
    ).map(({ status }) => status);

  // No worker runs yet.
  it('cancels waiting runs in the transaction that withdraws the consent, and announces their end', async () => {
    const first = await send('head');
    const second = await send('waits behind it', first.conversation);
    const elsewhere = await send('another conversation');
    const ids = [first.run, second.run, elsewhere.run];
    await withdraw();
    expect(await statuses(ids)).to.deep.equal(['cancelled', 'cancelled', 'cancelled']);
    for (const id of ids) expect((await device.ended(id)).event).to.equal('run.cancelled');
    const again = await stack.post('/chat/send', { content: 'Hi' }, user.access);
    expect(again.body.code).to.equal('consent_required');
  });

  // The rows change without the engine, as by an older release or an operator's SQL: only the stages can notice.
  const losses: Record<Loss, (conversation: number) => Promise<unknown>> = {
    consent: () => knex('users').where({ id: user.id }).update({ data_processing_consent: false }),
    status: () => knex('users').where({ id: user.id }).update({ status: 'suspended' }),
    conversation: (id) => knex('conversations').where({ id }).update({ deleted_at: new Date() }),
  };
  for (const [what, lose] of Object.entries(losses))
    it(`sends no text out where the ${what} is gone when a stage begins`, async () => {
      for (const one of WORKERS.flatMap(stack.of)) await one.stop();
      const first = await send(`first without ${what}`);
      const second = await send(`second without ${what}`, first.conversation);
      await lose(first.conversation);
      await Promise.all(WORKERS.map((type) => stack.add(type)));
      const ids = [first.run, second.run];
      await until(async () => (await statuses(ids)).every((status) => ENDED.includes(status)));
      expect(await statuses(ids)).to.deep.equal(['cancelled', 'cancelled']);
      expect(stack.provider.calls()).to.deep.equal([]);
    });

  it('cancels the running answer, closes the call to the provider and keeps the shown text', async () => {
    stack.provider.pause(3);
    const first = await send('running [[tokens:40]]');
    const second = await send('waits behind it', first.conversation);
    await device.until('a delta', ({ event }) => event === 'response.delta');
    await withdraw();
    expect(await statuses([second.run])).to.deep.equal(['cancelled']);
    const end = await device.ended(first.run);
    expect(end.event).to.equal('run.cancelled');
    expect(end.data).to.have.property('content', device.text(first.run));
    await stack.provider.until((calls) =>
      calls.some(({ path, aborted }) => path.includes('chat') && aborted),
    );
  });

  it('does not embed, for suggestions, questions of users who withdrew their consent', async () => {
    const { run } = await send('What is nobody able to answer here?');
    await device.ended(run);
    await withdraw();
    stack.provider.reset();
    await knex('faq_gap_scan').update({ scanned_to: new Date(0) });
    await knex('faq_gaps').del();
    await knex('faq_suggestions').del();
    await until(
      async () =>
        (await rows("SELECT 1 FROM faq_gap_scan WHERE scanned_to > now() - interval '1 hour'")).length > 0,
    );
    await until(async () => (await rows('SELECT 1 FROM faq_gaps WHERE suggestion_id IS NULL')).length === 0);
    expect(await rows('SELECT id FROM faq_suggestions')).to.deep.equal([]);
    expect(stack.provider.calls()).to.deep.equal([]);
  });
});
