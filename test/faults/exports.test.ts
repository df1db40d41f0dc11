import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { buildUser, type BuiltUser } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { rows } from '../../db/sql.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { fell, trapped } from '../support/traps.ts';
import { unzip } from '../support/unzip.ts';
import { until } from '../support/until.ts';

describe('exports', () => {
  let web: Process;
  let agent: BuiltUser;
  before(async () => {
    web = await startProcfile('web', { DATABASE_POOL_MAX: '2' });
    agent = await buildUser({ role: 'agent' });
    // More than the network's buffers hold.
    const answer = 'x'.repeat(19_000);
    const faqs = Array.from({ length: 1_000 }, (_, i) => ({ question: `Q${i}`, answer, slug: `q-${i}` }));
    await knex.batchInsert('faqs', faqs, 100);
  });
  after(() => web.stop());

  const ask = () =>
    fetch(`${web.url}/api/v1/faqs/export`, { headers: { authorization: `Bearer ${agent.access}` } });

  it('an export whose database fails is cut off, and its process goes on', async function () {
    if (!onNative) this.skip();
    const answer = await ask();
    expect(answer.status).to.equal(200);
    const reader = answer.body!.getReader();
    await reader.read();
    const locked = await knex.transaction();
    await locked.raw('LOCK TABLE faqs IN ACCESS EXCLUSIVE MODE');
    const rest = (async () => {
      while (!(await reader.read()).done);
    })().then(
      () => 'whole',
      () => 'cut off',
    );
    expect(await rest).to.equal('cut off');
    await locked.rollback();
    expect((await fetch(`${web.url}/livez`)).status).to.equal(200);
    expect((await (await ask()).text()).split('\n').length).to.equal(1_002);
  });

  it('one user may run two exports at a time', async () => {
    const running = await Promise.all([ask(), ask()]);
    expect(running.map(({ status }) => status)).to.deep.equal([200, 200]);
    const refused = await ask();
    expect([refused.status, ((await refused.json()) as { code: string }).code]).to.deep.equal([
      429,
      'rate_limited',
    ]);
    expect(refused.headers.get('retry-after')).to.equal('5');
    await Promise.all(running.map((answer) => answer.text()));
    const again = await ask();
    expect(again.status).to.equal(200);
    await again.text();
  });

  it('the archive of an account is whole after its worker was killed in the middle of it', async function () {
    this.timeout(60_000);
    const user = await buildUser();
    const [{ id: conversation_id } = { id: 0 }] = await rows<{ id: number }>(
      'INSERT INTO conversations (user_id) VALUES (:id) RETURNING id',
      user,
    );
    // Texts that hardly shrink: an archive of several pieces.
    await rows(
      `INSERT INTO messages (conversation_id, user_id, message_type, content, status)
       SELECT :conversation_id, :id, 'user', (SELECT string_agg(md5(n || ' ' || i), '') FROM generate_series(1, 450) AS i), 'sent'
       FROM generate_series(1, 100) AS n`,
      { ...user, conversation_id },
    );
    const call = async (method: string, path: string) =>
      fetch(`${web.url}${path}`, { method, headers: { authorization: `Bearer ${user.access}` } });
    const asked = (await (await call('POST', '/api/v1/users/me/export')).json()) as { id: number };
    const victim = await startProcfile('housekeeping', trapped('KILL_AT', 'export.kept', 2));
    await fell(victim);
    await victim.exited;
    const left = await knex('exports').where({ id: asked.id }).first();
    expect([left.status, left.attempt]).to.deep.equal(['running', 1]);
    expect(await knex('export_chunks').where({ export_id: asked.id })).to.have.length(2);
    // Its lease ends.
    await knex('exports').where({ id: asked.id }).update({ lease_until: knex.fn.now() });
    const heir = await startProcfile('housekeeping');
    const ready = await until('the archive is ready', async () => {
      const said = await (await call('GET', `/api/v1/users/me/exports/${asked.id}`)).json();
      return (said as { url: string | null }).url ?? undefined;
    });
    await heir.stop();
    const files = await unzip(Buffer.from(await (await call('GET', ready)).arrayBuffer()));
    expect((files['messages.jsonl'] ?? '').trim().split('\n')).to.have.length(100);
    expect(await knex('exports').where({ id: asked.id }).first()).to.include({ status: 'ready', attempt: 2 });
  });
});
