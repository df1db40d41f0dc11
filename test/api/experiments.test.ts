import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { rateReply, regenerateReply } from '../../db/models/reply.ts';
import { acceptMessage } from '../../db/models/run.ts';
import { servedApi } from '../support/api.ts';
import { buildVersions, forgetAssistants } from '../support/assistants.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { tell } from '../support/histories.ts';

const DAY = 86_400_000;

describe('experiments', () => {
  const api = servedApi();
  let admin: BuiltUser;
  before(async () => {
    admin = await buildUser({ role: 'admin' });
  });
  afterEach(forgetAssistants);

  const call = (method: string, path: string, body?: unknown) =>
    api.call(method, path, body, { token: admin.access });
  const begin = async (fields: object) => {
    const begun = await call('POST', '/experiments', fields);
    expect(begun.status, JSON.stringify(begun.body)).to.equal(201);
    return begun.body as { id: number };
  };
  /** Sends a message and returns the version that is to answer it. */
  const send = async (
    user: BuiltUser,
    assistant_id: number | null,
    conversation_id: number | null = null,
  ) => {
    const accepted = await acceptMessage(
      {
        user_id: user.id,
        conversation_id,
        assistant_id,
        content: 'Q?',
        language: null,
        metadata: {},
        multitask_strategy: 'enqueue',
        idempotency_key: null,
        request_hash: '',
        request_id: null,
      },
      10_000,
    );
    if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome);
    const {
      run_id,
      conversation_id: conversation,
      reply_id,
    } = accepted as {
      run_id: number;
      conversation_id: number;
      reply_id: number;
    };
    const run = await knex('runs').where({ id: run_id }).first();
    return { conversation, reply_id, version: run.assistant_version as number };
  };

  it('share out conversations, which keep their arm until the end, then follow the assistant', async () => {
    const { id: assistant_id } = await buildVersions(3);
    const user = await buildUser();
    const outside = await send(user, assistant_id);
    expect(outside.version).to.equal(3);
    const { id } = await begin({ assistant_id, versions: [1, 2], share: 0.5 });

    const sent = [];
    for (let i = 0; i < 60; i += 1) sent.push(await send(user, assistant_id));
    const second = sent.filter(({ version }) => version === 2).length;
    expect(second).to.be.within(15, 45);
    expect(new Set(sent.map(({ version }) => version))).to.deep.equal(new Set([1, 2]));
    // The one from before is not in it.
    expect((await send(user, null, outside.conversation)).version).to.equal(3);

    await call('PUT', `/assistants/${assistant_id}`, { instructions: 'Version 4.' });
    for (const { conversation, version } of sent.slice(0, 10)) {
      expect((await send(user, null, conversation)).version).to.equal(version);
      const { experiment_id, experiment_version } = await knex('conversations')
        .where({ id: conversation })
        .first();
      expect({ experiment_id, experiment_version }).to.deep.equal({
        experiment_id: id,
        experiment_version: version,
      });
    }

    expect((await call('POST', `/experiments/${id}/end`, { keep: null })).body).to.include({
      status: 'ended',
      kept: null,
    });
    expect((await send(user, null, sent[0]?.conversation)).version).to.equal(4);
    expect((await send(user, assistant_id)).version).to.equal(4);
  });

  it('a reply that is generated again is of the conversation’s arm', async () => {
    const { id: assistant_id } = await buildVersions(3);
    const user = await buildUser();
    await begin({ assistant_id, versions: [1, 2], share: 1 });
    const { reply_id, conversation } = await send(user, assistant_id);
    await knex('runs').where({ reply_id }).update({ status: 'completed', completed_at: new Date() });
    await knex('messages').where({ id: reply_id }).update({ status: 'sent', content: 'A.' });
    const again = await regenerateReply(
      { user_id: user.id, reply_id, idempotency_key: null, request_hash: '', request_id: null },
      100,
    );
    expect(again.outcome).to.equal('accepted');
    expect(
      await knex('runs').where({ conversation_id: conversation }).pluck('assistant_version'),
    ).to.deep.equal([2, 2]);
  });

  it('nobody joins after until; an arm drawn twice is the same', async () => {
    const { id: assistant_id } = await buildVersions(2);
    const user = await buildUser();
    const { id } = await begin({
      assistant_id,
      versions: [1, 2],
      until: new Date(Date.now() + DAY).toISOString(),
    });
    const inside = await send(user, assistant_id);
    const drawn = () =>
      knex.raw('SELECT arm_drawn(e, ?) AS arm FROM experiments e WHERE id = ?', [inside.conversation, id]);
    expect((await drawn()).rows[0].arm).to.equal(inside.version);
    await knex('experiments')
      .where({ id })
      .update({ until: new Date(Date.now() - 1_000), version_a: 2, version_b: 1 });
    expect((await call('GET', `/experiments/${id}`)).body).to.include({ status: 'closed' });
    expect((await send(user, assistant_id)).version).to.equal(2);
    expect((await send(user, null, inside.conversation)).version).to.equal(inside.version);
  });

  it('ending one keeps a version: as a new one where the assistant has another', async () => {
    const { id: assistant_id } = await buildVersions(3);
    const first = await begin({ assistant_id, versions: [1, 3] });
    const ended = await call('POST', `/experiments/${first.id}/end`, { keep: 1 });
    expect(ended.body).to.include({ status: 'ended', kept: 1 });
    expect((await call('GET', `/assistants/${assistant_id}`)).body).to.include({
      version: 4,
      instructions: 'Version 1.',
    });
    const second = await begin({ assistant_id, versions: [3, 4] });
    await call('POST', `/experiments/${second.id}/end`, { keep: 4 });
    expect((await call('GET', `/assistants/${assistant_id}`)).body).to.include({ version: 4 });

    const listed = await call('GET', `/experiments?assistant_id=${assistant_id}&limit=1`);
    expect((listed.body.data as { id: number }[]).map(({ id }) => id)).to.deep.equal([second.id]);
    expect(listed.body.next_cursor).to.be.a('string');
    const actions = await knex('audit_entries').where({ actor_id: admin.id }).orderBy('id').pluck('action');
    expect(actions.slice(-4)).to.deep.equal([
      'experiment.begun',
      'experiment.ended',
      'experiment.begun',
      'experiment.ended',
    ]);
  });

  it('refuses what cannot be compared', async () => {
    const { id: assistant_id } = await buildVersions(2);
    const refusal = async (fields: object) => {
      const { status, body } = await call('POST', '/experiments', {
        assistant_id,
        versions: [1, 2],
        ...fields,
      });
      return [status, (body.errors as { path: string }[] | undefined)?.[0]?.path ?? body.code];
    };
    expect(await refusal({ versions: [1, 3] })).to.deep.equal([400, '/versions']);
    expect(await refusal({ versions: [1, 1] })).to.deep.equal([400, '/versions']);
    expect(await refusal({ share: 1.5 })).to.deep.equal([400, '/share']);
    for (const until of ['2020-01-01T00:00:00Z', '2999-12-31T23:59:60Z'])
      expect(await refusal({ until })).to.deep.equal([400, '/until']);
    expect(await refusal({ assistant_id: 999_999_999 })).to.deep.equal([404, 'not_found']);
    const { id } = await begin({ assistant_id, versions: [1, 2] });
    expect(await refusal({})).to.deep.equal([409, 'conflict']);
    expect((await call('POST', `/experiments/${id}/end`, { keep: 3 })).status).to.equal(400);
    expect((await call('POST', `/experiments/${id}/end`, {})).status).to.equal(400);
    expect((await call('POST', `/experiments/${id}/end`, { keep: null })).status).to.equal(200);
    expect((await call('POST', `/experiments/${id}/end`, { keep: null })).body).to.include({
      code: 'conflict',
    });
    await call('DELETE', `/assistants/${assistant_id}`);
    expect(await refusal({})).to.deep.equal([409, 'conflict']);
  });

  it('begins one of two that are requested at once', async () => {
    const { id: assistant_id } = await buildVersions(2);
    const both = await Promise.all(
      [1, 2].map(() => call('POST', '/experiments', { assistant_id, versions: [1, 2] })),
    );
    expect(both.map(({ status }) => status).toSorted()).to.deep.equal([201, 409]);
  });

  it('compare the figures of the rows with intervals, and say when there is too little to tell', async () => {
    const { id: assistant_id } = await buildVersions(2);
    const { id } = await begin({ assistant_id, versions: [1, 2] });
    const user = await buildUser();
    type Result = {
      verdict: string;
      arms: { version: number; conversations: number; resolution_rate: object; [figure: string]: unknown }[];
      comparison: { figure: string; verdict: string; low: number; high: number; difference: number }[];
    };
    const result = async () => (await call('GET', `/experiments/${id}`)).body as unknown as Result;
    const empty = await result();
    expect(empty.verdict).to.equal('too_little');
    expect(empty.arms.map(({ conversations }) => conversations)).to.deep.equal([0, 0]);

    const talked = async (version: number, helped: boolean) => {
      const told = await tell({
        user: user.id,
        at: Date.now() - 3 * DAY,
        status: 'completed',
        language: 'en',
        model: 'm',
        tokens: [100, 10],
        waitedMs: 10,
        firstMs: 100,
        answerMs: 900,
        faq: helped ? 1 : null,
      });
      await knex('conversations')
        .where({ id: told.conversation })
        .update({ assistant_id, experiment_id: id, experiment_version: version });
      await knex('runs').where({ id: told.run }).update({ assistant_id, assistant_version: version });
      await rateReply(told.reply, user.id, { rating: helped ? 'up' : 'down', comment: null });
    };
    for (let i = 0; i < 20; i += 1) await talked(1, i < 2);
    for (let i = 0; i < 20; i += 1) await talked(2, i >= 2);
    expect((await result()).verdict).to.equal('too_little');
    for (let i = 0; i < 20; i += 1) await talked(1, i < 8);
    for (let i = 0; i < 20; i += 1) await talked(2, i >= 8);

    const compared = await result();
    expect(compared.verdict).to.equal('b');
    expect(compared.arms[0]).to.deep.include({
      version: 1,
      conversations: 40,
      involved: 40,
      from_knowledge: 10,
      unanswered: 30,
      rated_up: 10,
      rated_down: 30,
      resolved_by_bot: 10,
      tokens: 4_400,
    });
    expect(compared.arms[1]?.resolution_rate).to.deep.include({ count: 30, of: 40, rate: 0.75 });
    const [resolution] = compared.comparison;
    expect(resolution).to.include({ figure: 'resolution_rate', difference: 0.5, verdict: 'b' });
    expect(resolution?.low).to.be.within(0.2, 0.4);
    expect(resolution?.high).to.be.within(0.6, 0.8);

    const table = await fetch(`${api.url}/api/v1/experiments/${id}?format=csv`, {
      headers: { authorization: `Bearer ${admin.access}` },
    });
    expect(table.headers.get('content-type')).to.match(/^text\/csv/);
    const lines = (await table.text()).trim().split('\r\n');
    expect(lines[0]).to.match(/figure,a,b,difference,low,high,verdict$/);
    expect(lines).to.include('version,1,2,,,,').and.to.include('resolved_by_bot,10,30,,,,');
    expect(lines.find((line) => line.startsWith('resolution_rate.rate,'))).to.match(
      /^resolution_rate\.rate,0\.25,0\.75,0\.5,0\.\d+,0\.\d+,b$/,
    );
  });
});
