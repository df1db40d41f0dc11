import { expect } from 'chai';
import pg from 'pg';
import { knex } from '../../db/knex.ts';
import { Conversation } from '../../db/models/conversation.ts';
import { handOver } from '../../db/models/people.ts';
import { row } from '../../db/sql.ts';
import { env } from '../../shared/base/env.ts';
import { servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { playWorker, send } from '../support/web.ts';

describe('conversations with people, in SQL', () => {
  const api = servedApi();
  let [user, agent]: BuiltUser[] = [];
  beforeEach(async () => {
    [user, agent] = await Promise.all([buildUser(), buildUser({ role: 'agent' })]);
  });

  const begun = async () => (await send(api, user!)).conversation_id;
  const kept = (id: number) => knex('conversations').where({ id }).first();
  const episodes = (id: number) => knex('episodes').where({ conversation_id: id }).orderBy('id');
  const act = (id: number, what: string, who = agent!, body: object = {}) =>
    api.call('POST', `/inbox/${id}/${what}`, body, { token: who.access });
  const live = async () =>
    (await row<{ n: number }>(
      "SELECT count(*) AS n FROM conversations WHERE status = 'waiting' AND user_id = :id AND deleted_at IS NULL",
      { id: user!.id },
    ))!.n;

  /** Runs work in two transactions of their own connections. */
  async function twoAtOnce(work: (one: pg.Client, two: pg.Client) => Promise<void>): Promise<void> {
    const clients = [1, 2].map(() => new pg.Client({ connectionString: env.DATABASE_URL }));
    const [one, two] = clients as [pg.Client, pg.Client];
    try {
      for (const client of clients) {
        await client.connect();
        await client.query('BEGIN');
      }
      await work(one, two);
    } finally {
      for (const client of clients) await client.end();
    }
  }
  const waits = async (client: pg.Client) => {
    const pid = (client as unknown as { processID: number }).processID;
    for (;;) {
      const found = await row<{ waits: boolean }>(
        "SELECT wait_event_type = 'Lock' AS waits FROM pg_stat_activity WHERE pid = :pid",
        { pid },
      );
      if (found?.waits) return;
    }
  };

  it('an archived conversation waits for nobody: its episode ends, the inbox and the counts forget it', async () => {
    const id = await begun();
    await handOver(id, user!.id, null);
    expect(await live()).to.equal(1);
    const put = (body: object) => api.call('PUT', `/conversations/${id}`, body, { token: user!.access });
    expect((await put({ is_archived: true })).body).to.include({ status: 'resolved', outcome: 'archived' });
    expect(await live()).to.equal(0);
    const [episode] = await episodes(id);
    expect(episode).to.include({ outcome: 'archived', resolved_at: null });
    expect(episode.closed_at).to.be.an.instanceOf(Date);
    const inbox = await api.call('GET', '/inbox', undefined, { token: agent!.access });
    expect(JSON.stringify(inbox.body)).to.not.contain(`"id":${id},`);

    await put({ is_archived: true, title: 'Old' });
    await send(api, user!, { conversation_id: id });
    const [first, second, ...more] = await episodes(id);
    expect(more).to.deep.equal([]);
    expect(first.closed_at).to.deep.equal(episode.closed_at);
    expect(second).to.include({ reopened: true, closed_at: null });
    expect(await kept(id)).to.include({ status: 'bot', is_archived: true, title: 'Old' });
  });

  it('an archived conversation of the bot ends its episode too, and keeps its status', async () => {
    const id = await begun();
    await Conversation.change(id, user!.id, { is_archived: true });
    expect(await kept(id)).to.include({ status: 'bot', episode_id: null, outcome: null });
    const before = new Date();
    await send(api, user!, { conversation_id: id });
    const [, second] = await episodes(id);
    expect(second.started_at).to.be.at.least(before);
    const stranger = await buildUser();
    expect(await Conversation.change(id, stranger.id, { is_archived: true })).to.equal(undefined);
  });

  it('a deleted conversation ends its episode and leaves the waiting counts', async () => {
    const id = await begun();
    await act(id, 'take');
    await api.call('DELETE', `/conversations/${id}`, undefined, { token: user!.access });
    const [episode] = await episodes(id);
    expect(episode).to.include({ outcome: 'deleted', resolved_at: null });
    expect(episode.closed_at).to.be.an.instanceOf(Date);
    expect(await kept(id)).to.include({ status: 'resolved', waiting_since: null });
  });

  it('a new answer to an old question reopens a resolved conversation, as a message does', async () => {
    const sent = await send(api, user!);
    const id = sent.conversation_id;
    const worker = await playWorker(user!, sent);
    await worker.say('Yes.');
    await worker.finish();
    await act(id, 'take');
    await act(id, 'resolve', agent!, { outcome: 'solved' });
    const again = await api.call(
      'POST',
      `/messages/${sent.reply_id}/regenerate`,
      {},
      { token: user!.access },
    );
    expect(again.status).to.equal(202);
    expect(await kept(id)).to.include({ status: 'bot', agent_id: null, outcome: null });
    const [, second] = await episodes(id);
    expect(second).to.include({ reopened: true, resolved_at: null });
    const refused = await api.call(
      'POST',
      `/messages/${again.body.reply_id}/regenerate`,
      {},
      { token: user!.access },
    );
    expect(refused.body.code).to.equal('run_in_progress');
  });

  it('an account that is erased leaves no conversation before agents', async () => {
    const id = await begun();
    await handOver(id, user!.id, null);
    await row("SELECT * FROM begin_erasure(:id, 'r-1', 'asked')", { id: user!.id });
    expect(await kept(id)).to.include({ status: 'resolved', outcome: 'erased' });
  });

  itNative('an erasure that begins while an answer ends waits for it, and neither fails', async () => {
    const sent = await send(api, user!);
    await playWorker(user!, sent);
    await twoAtOnce(async (worker, eraser) => {
      await worker.query('SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE', [sent.conversation_id]);
      const erasing = eraser.query("SELECT * FROM begin_erasure($1, 'r-2', 'asked')", [user!.id]);
      await waits(eraser);
      const outcome = {
        status: 'completed',
        content: 'Yes.',
        finish_reason: 'stop',
        model: 'm',
        usage: null,
      };
      const { rows } = await worker.query('SELECT status FROM finish_run($1, 1, 5, $2)', [
        sent.run_id,
        outcome,
      ]);
      expect(rows).to.deep.equal([{ status: 'completed' }]);
      await worker.query('COMMIT');
      expect((await erasing).rows).to.have.length(1);
    });
  });

  itNative('an agent’s reply beside the erasure of its user waits for nobody who waits for it', async () => {
    const id = await begun();
    await act(id, 'take');
    await knex('runs').where({ user_id: user!.id }).update({
      status: 'cancelled',
      completed_at: new Date(),
      announced_at: new Date(),
    });
    await knex('users').where({ id: user!.id }).update({ status: 'deleted' });
    await twoAtOnce(async (replying, eraser) => {
      await replying.query('SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE', [id]);
      const erasing = eraser.query("SELECT * FROM erase_account($1, 100, '{}')", [user!.id]);
      await waits(eraser);
      const { rows } = await replying.query("SELECT outcome FROM reply_as_agent($1, $2, 'Hi', NULL, 'h')", [
        id,
        agent!.id,
      ]);
      expect(rows).to.deep.equal([{ outcome: 'done' }]);
      await replying.query('COMMIT');
      expect((await erasing).rows).to.deep.equal([{ gone: true }]);
    });
  });
});
