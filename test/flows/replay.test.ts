import { until } from '../support/until.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { runCommand } from '../support/own-database.ts';
import { startStack, type Stack, WORKERS } from '../support/stack.ts';

describe('a replay', function () {
  this.timeout(90_000);
  let stack: Stack;
  let admin: BuiltUser;
  let user: BuiltUser;
  let run: number;
  before(async () => {
    stack = await startStack({}, ['web', ...WORKERS, 'analytics']);
    [admin, user] = await Promise.all([buildUser({ role: 'admin' }), buildUser()]);
    const { id } = await buildDefault({ instructions: 'Be long.' });
    await knex('assistant_versions').insert({
      assistant_id: id,
      version: 2,
      definition: knex.raw(
        `(SELECT definition || '{"instructions": "${'Be brief. '.repeat(40)}"}' FROM assistant_versions WHERE assistant_id = ?)`,
        [id],
      ),
    });
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const sent = await stack.post('/chat/send', { content: 'Tell me [[tokens:12]]' }, user.access);
    run = Number(sent.body.run_id);
    await device.ended(run);
    device.close();
  });
  after(async () => {
    await stack.stop();
    await forgetAssistants();
  });

  const replay = (body: object) => stack.post(`/runs/${run}/replay`, body, admin.access);
  const listed = async () =>
    (await stack.get(`/runs/${run}/replays`, admin.access)).body.data as Record<string, unknown>[];
  const shown = () => Promise.all([knex('messages').orderBy('id'), knex('runs').orderBy('id')]);
  const ended = async (id: unknown) => {
    for (;;) {
      const found = (await listed()).find((one) => one.id === id);
      if (found?.status !== 'queued') return found;
      await sleep(50);
    }
  };

  it('asks the same again, or another version, and changes nothing that anybody sees', async () => {
    await until(
      'the answers are announced',
      async () => (await knex('runs').whereNull('announced_at')).length === 0,
    );
    const before = await shown();
    const same = await replay({});
    expect(same.status, JSON.stringify(same.body)).to.equal(202);
    expect(same.body).to.deep.include({ run_id: run, status: 'queued', assistant_version: 1 });
    const answered = await ended(same.body.id);
    expect(answered).to.deep.include({ status: 'completed', error_code: null });
    expect(answered?.content).to.be.a('string').and.not.equal('');
    expect(answered?.usage).to.have.property('total_tokens');
    const other = await replay({ assistant_version: 2 });
    const second = await ended(other.body.id);
    expect(second?.assistant_version).to.equal(2);
    // Its instructions are longer, and the stand-in counts what it got.
    const prompt = (one: typeof second) => (one as { usage: { prompt_tokens: number } }).usage.prompt_tokens;
    expect(prompt(second)).to.be.greaterThan(prompt(answered) + 30);
    expect(await shown()).to.deep.equal(before);
    const noted = await knex('audit_entries')
      .where({ target_type: 'run', subject_id: user.id })
      .orderBy('id');
    expect(noted.map(({ action }) => action)).to.include.members(['run.replayed', 'run.replays_read']);
  });

  it('is refused for unknown versions and models, and sends nothing without consent', async () => {
    for (const body of [{ assistant_version: 9 }, { model: 'no/such' }]) {
      const { status, body: problem } = await replay(body);
      expect([status, (problem.errors as { path: string }[])[0]?.path]).to.deep.equal([
        400,
        `/${Object.keys(body)[0]}`,
      ]);
    }
    await knex('users').where({ id: user.id }).update({ data_processing_consent: false });
    const { body } = await replay({});
    expect(await ended(body.id)).to.deep.include({
      status: 'failed',
      error_code: 'may_not_be_sent',
      content: null,
    });
    await knex('users').where({ id: user.id }).update({ data_processing_consent: true });
  });

  it('of many, by npm run replay, prints how they differ within a budget', async () => {
    const command = (...args: string[]) => runCommand(process.execPath, ['scripts/replay.ts', ...args]);
    const { code, stdout, stderr } = await command('--sample', '5', '--assistant-version', '2');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.include('answers with a source')
      .and.to.include('replay: 1 of 1 runs; 0 failed, 0 left');
    expect((await command('--budget', '1')).stdout).to.include('replay: 0 of 1 runs; 0 failed, 1 left');
    expect((await command('--sample', '0')).stderr).to.equal(
      'npm run replay: --sample must be a number from 1 to 10000\n',
    );
  });

  it('is not made, and not shown beside the answer, once the user has deleted the conversation', async () => {
    const { conversation_id } = await knex('runs').where({ id: run }).first();
    const path = `${stack.web[0]}/api/v1/conversations/${conversation_id}`;
    await fetch(path, { method: 'DELETE', headers: { authorization: `Bearer ${user.access}` } });
    const answers = [await replay({}), await stack.get(`/runs/${run}/replays`, admin.access)];
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 404]);
  });
});
