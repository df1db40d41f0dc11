import { expect } from 'chai';
import { rows } from '../../db/sql.ts';
import { type Answer, call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { checkEvent } from '../support/openapi.ts';
import { startStack, type Stack } from '../support/stack.ts';

describe('the knowledge base', function () {
  this.timeout(60_000);
  let stack: Stack;
  let agent: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    stack = await startStack();
    [agent, user] = [await buildUser({ role: 'agent' }), await buildUser()];
  });
  afterEach(() => stack.provider.reset());
  after(() => stack.stop());

  const put = (id: unknown, body: object): Promise<Answer> =>
    call(`${stack.web[0]}/api/v1/faqs/${id}`, 'PUT', body, { token: agent.access });
  const search = async (q: string, replica: number) => {
    const { body } = await stack.get(`/faqs/search?q=${encodeURIComponent(q)}`, user.access, replica);
    return (body.data as { answer: string; similarity: number }[])[0];
  };
  /** Resolves when the FAQs' vectors match their texts. */
  const embedded = async () => {
    for (;;) {
      const owed = await rows(
        `SELECT f.id FROM faqs f CROSS JOIN unnest(faq_parts()) AS p (part) WHERE NOT EXISTS (
           SELECT FROM faq_vectors v WHERE v.faq_id = f.id AND v.part = p.part
             AND v.text_hash = md5(faq_part(p.part, f.question, f.answer, f.keywords)))`,
      );
      if (owed.length === 0) return;
      await new Promise((wait) => setTimeout(wait, 20));
    }
  };
  const ask = async (content: string) => {
    const device = await connectDevice(stack.web[1] ?? '', user.access);
    const sent = await stack.post('/chat/send', { content }, user.access);
    const end = await device.ended(Number(sent.body.run_id));
    device.close();
    return end.data as { content: string; sources: { faq_id: number; similarity: number }[] };
  };

  it('embeds an FAQ at once, and shows an edit in search and answers on every replica', async () => {
    const faq = { question: 'When is the shop open?', answer: 'From nine to five.', status: 'published' };
    const { body } = await stack.post('/faqs', faq, agent.access);
    await embedded();
    for (const replica of [0, 1])
      expect((await search('opening times of the shop', replica))?.answer).to.equal('From nine to five.');
    const first = await ask('When is the shop open today?');
    expect(first.content).to.contain('From nine to five.');
    expect(first.sources.map(({ faq_id }) => faq_id)).to.deep.equal([body.id]);

    await put(body.id, { answer: 'From ten to four.' });
    await embedded();
    for (const replica of [0, 1])
      expect((await search('opening times of the shop', replica))?.answer).to.equal('From ten to four.');
    expect((await ask('When is the shop open today?')).content).to.contain('From ten to four.');

    await put(body.id, { status: 'draft' });
    for (const replica of [0, 1])
      expect(await search('opening times of the shop', replica)).to.equal(undefined);
    expect((await ask('When is the shop open today?')).sources).to.deep.equal([]);
  });

  it('imports a file, notifies the importer on another replica, and finds its FAQs', async () => {
    const device = await connectDevice(stack.web[1] ?? '', agent.access);
    const over = new Promise((ended) => {
      device.socket.on('faq.import', (data: { status: string }) => {
        checkEvent('faq.import', data);
        if (data.status === 'completed') ended(data);
      });
    });
    const taken = await call(
      `${stack.web[0]}/api/v1/faqs/import`,
      'POST',
      'question,answer,status\nWho feeds the cat?,The neighbour.,published\n',
      { token: agent.access, headers: { 'content-type': 'text/csv' } },
    );
    expect(taken.status).to.equal(202);
    expect(await over).to.deep.include({ import_id: taken.body.import_id, imported: 1, failed: 0 });
    device.close();
    await embedded();
    expect((await search('cat feeding', 1))?.answer).to.equal('The neighbour.');
  });

  it('moderates an equal text once', async () => {
    for (let i = 0; i < 3; i++) await ask('Is this allowed?');
    const moderated = stack.provider.calls().filter(({ path }) => path === '/v1/moderations');
    expect(moderated).to.have.length(1);
  });
});
