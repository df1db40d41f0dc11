import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { row } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAllAnswered, expectShownIs } from '../support/invariants.ts';
import { type Stack, startStack } from '../support/stack.ts';

type Ids = { conversation_id: number; message_id: number; reply_id: number; run_id: number; status: string };
type Said = { role: string; content: string };

for (const order of ['before', 'beside'] as const) {
  describe(`a burst of messages, with moderation ${order} the model`, function () {
    this.timeout(90_000);
    let stack: Stack;
    let user: BuiltUser;
    let device: Device;
    const stages = order === 'before' ? ['moderation', 'context'] : ['context'];
    before(async () => {
      stack = await startStack({ MODERATION_ORDER: order }, ['web', 'web', 'housekeeping']);
    });
    beforeEach(async () => {
      user = await buildUser();
      device = await connectDevice(stack.web[1] ?? '', user.access);
    });
    afterEach(async () => {
      stack.provider.reset();
      device.close();
      for (const type of [...stages, 'completion'])
        await Promise.all(stack.of(type).map((worker) => worker.stop()));
    });
    after(() => stack.stop());

    const send = async (content: string, conversation_id?: number, web = 0): Promise<Ids> => {
      const body = { content, conversation_id, multitask_strategy: 'coalesce' };
      const { status, body: sent } = await stack.post('/chat/send', body, user.access, { web });
      expect(status).to.equal(202);
      return sent as Ids;
    };
    const start = (types: string[]) => Promise.all(types.map((type) => stack.add(type)));
    const reply = async (id: number) =>
      (await row<{ content: string }>('SELECT content FROM messages WHERE id = :id', { id }))?.content ?? '';
    const prompt = async (id: number) => JSON.parse(await reply(id)) as Said[];
    const calls = (path: string) => stack.provider.calls().filter((call) => call.path.endsWith(path));

    it('gets one answer, whose prompt holds all of them in order', async () => {
      const first = await send('What is [[echo]] one?');
      const rest = [
        await send('And two?', first.conversation_id, 1),
        await send('And three?', first.conversation_id),
      ];
      for (const one of rest) expect(one).to.include({ run_id: first.run_id, status: 'joined' });
      await start([...stages, 'completion']);
      expect((await device.ended(first.run_id)).event).to.equal('response');
      const asked = await prompt(first.reply_id);
      expect(asked.map(({ role }) => role)).to.deep.equal(['system', 'user']);
      expect(asked[1]?.content).to.equal('What is [[echo]] one?\n\nAnd two?\n\nAnd three?');
      expectShownIs(device, first.run_id, await reply(first.reply_id));
      expect(calls('completions')).to.have.length(1);

      const next = await send('Next [[echo]]', first.conversation_id);
      await device.ended(next.run_id);
      const later = await prompt(next.reply_id);
      expect(later.slice(1).map(({ role }) => role)).to.deep.equal([
        'user',
        'user',
        'user',
        'assistant',
        'user',
      ]);
      expect(later.slice(1, 4).map(({ content }) => content)).to.deep.equal([
        'What is [[echo]] one?',
        'And two?',
        'And three?',
      ]);
      await expectAllAnswered();
    });

    it('is prepared again when a message joins after the stages were done', async () => {
      await start(stages);
      const first = await send('Alone [[echo]]');
      const prepared = async () =>
        row(
          `SELECT id FROM runs WHERE id = :id AND context IS NOT NULL ${order === 'before' ? 'AND moderation IS NOT NULL' : ''}`,
          { id: first.run_id },
        );
      while ((await prepared()) === undefined) await sleep(20);
      const second = await send('Not alone', first.conversation_id);
      expect(second.status).to.equal('joined');
      await start(['completion']);
      await device.ended(first.run_id);
      expect((await prompt(first.reply_id)).at(-1)?.content).to.equal('Alone [[echo]]\n\nNot alone');
      const kept = await row<{ moderation: object; context: object; generation: number; attempt: number }>(
        'SELECT moderation, context, generation, attempt FROM runs WHERE id = :id',
        { id: first.run_id },
      );
      expect(kept).to.include({ generation: 2, attempt: 1 });
      expect(kept?.moderation).to.include({ flagged: false, parts: 2 });
      expect(kept?.context).to.include({ parts: 2 });
    });

    it('joins what waits while the model answers: one run is on and one waits', async () => {
      await start([...stages, 'completion']);
      stack.provider.pause(2);
      const first = await send('Long [[tokens:6]]');
      await stack.provider.until((all) => all.some(({ held }) => held), 20_000);
      const second = await send('Then [[echo]]', first.conversation_id);
      const third = await send('and then', first.conversation_id, 1);
      expect(second.status).to.equal('queued');
      expect(third).to.include({ status: 'joined', run_id: second.run_id, reply_id: second.reply_id });
      stack.provider.resume();
      await device.ended(second.run_id);
      const asked = (await prompt(second.reply_id)).slice(1);
      expect(asked.map(({ content }) => content)).to.deep.equal([
        'Long [[tokens:6]]',
        'w1 w2 w3 w4 w5 w6',
        'Then [[echo]]\n\nand then',
      ]);
    });

    it('is refused as a whole when one part is not allowed, and stays out of later prompts', async () => {
      const first = await send('A harmless part');
      const second = await send('I will kill you', first.conversation_id);
      expect(second.run_id).to.equal(first.run_id);
      await start([...stages, 'completion']);
      const { data } = await device.ended(first.run_id);
      expect(data).to.include({ finish_reason: 'content_filter' });
      if (order === 'before') expect(calls('completions')).to.deep.equal([]);
      expect(JSON.stringify(device.shown(first.run_id))).not.to.contain('stand-in');
      const next = await send('Next [[echo]]', first.conversation_id);
      await device.ended(next.run_id);
      expect((await prompt(next.reply_id)).slice(1).map(({ content }) => content)).to.deep.equal([
        'Next [[echo]]',
      ]);
    });

    it('is asked as a whole again when its reply is regenerated', async () => {
      const first = await send('One [[echo]]');
      await send('two', first.conversation_id);
      await start([...stages, 'completion']);
      await device.ended(first.run_id);
      const again = await stack.post(`/messages/${first.reply_id}/regenerate`, undefined, user.access);
      const { run_id, reply_id } = again.body as Ids;
      await device.ended(run_id);
      const asked = await prompt(reply_id);
      expect(asked.at(-1)?.content).to.equal('One [[echo]]\n\ntwo');
      expect(asked).to.have.length(2);
    });
  });
}
