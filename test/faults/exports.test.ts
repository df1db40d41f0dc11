import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { buildUser, type BuiltUser } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

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
});
