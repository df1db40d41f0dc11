import { expect } from 'chai';
import { row, rows } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAllAnswered, expectShownIs } from '../support/invariants.ts';
import { type Stack, startStack } from '../support/stack.ts';

type End = { content: string; finish_reason?: string; usage?: object | null; error?: { code: string } };

describe('answers behind the output guard', function () {
  this.timeout(60_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  before(async () => {
    stack = await startStack({ OUTPUT_GUARD: 'on' }, [
      'web',
      'moderation',
      'context',
      'completion',
      'embedding',
      'housekeeping',
    ]);
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
  });
  afterEach(() => stack.provider.reset());
  after(async () => {
    device.close();
    await stack.stop();
  });

  /** Sends a message and returns its end. The shown text must equal the stored one. */
  const ask = async (content: string, conversation_id?: number) => {
    const sent = await stack.post('/chat/send', { content, conversation_id }, user.access);
    return { ...(await ended(Number(sent.body.run_id))), sent: sent.body };
  };
  const ended = async (runId: number) => {
    const end = (await device.ended(runId)).data as unknown as End;
    const kept = await row<{ content: string; status: string }>(
      'SELECT m.content, r.status FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :runId',
      { runId },
    );
    expectShownIs(device, runId, kept?.content ?? '');
    return { end, runId, status: kept?.status };
  };
  /** Publishes an FAQ; the stand-in answers with the passage that fits. */
  const publish = async (question: string, answer: string) => {
    const { access } = await buildUser({ role: 'agent' });
    await stack.post('/faqs', { question, answer, status: 'published' }, access);
    const unembedded = `SELECT FROM faqs WHERE id NOT IN (SELECT faq_id FROM faq_vectors)`;
    while ((await rows(unembedded)).length > 0) await new Promise((later) => setTimeout(later, 20));
  };

  it('show no personal data except that of the knowledge base', async () => {
    await publish(
      'Where is the bicycle workshop?',
      'Write to workshop@example.com or call 030 1234567. We are open.',
    );
    const known = await ask('Where is the bicycle workshop?');
    expect(known.end.content).to.contain('Write to workshop@example.com or call 030 1234567. We are open.');

    const told = 'I am joe@example.org, +49 171 2345678, card 4111 1111 1111 1111. [[echo]]';
    const { end, status } = await ask(told);
    expect(status).to.equal('completed');
    expect(end.content).to.contain('I am [e-mail], [phone], card [card].');
    expect(JSON.stringify(device.events)).not.to.match(/joe@|2345678|4111/);
  });

  it('stop where moderation flags them, keep the shown text and stay out of later prompts', async () => {
    await publish('What does the villain say?', 'He enters the room. He says: I kill you. Then he leaves.');
    const { end, status, sent, runId } = await ask('What does the villain say?');
    expect(end.content).to.equal("He enters the room. \n\nI'm sorry, I have to stop this answer here.");
    expect([status, end.finish_reason, end.usage]).to.deep.equal(['completed', 'content_filter', null]);
    const next = await ask('And now? [[echo]]', Number(sent.conversation_id));
    expect(next.end.content).not.to.match(/villain|enters|sorry/);

    await publish('How does the thriller begin?', 'I kill you. That is how.');
    const nothing = await ask('How does the thriller begin?');
    expect(nothing.end.content).to.match(/^I'm sorry, but I can't help with that/);
    expect(nothing.runId).to.be.greaterThan(runId);
  });

  it('fail when moderation cannot check them', async () => {
    await publish('What is uncertain weather?', 'Sunny at first. Then [[fail-moderation]] fog.');
    const { end, status } = await ask('What is uncertain weather?');
    expect([status, end.error?.code, end.content]).to.deep.equal([
      'failed',
      'moderation_unavailable',
      'Sunny at first. ',
    ]);
  });

  it('show nothing of the held text when they are cancelled', async () => {
    stack.provider.pause(3);
    const sent = await stack.post('/chat/send', { content: 'slow [[tokens:9]]' }, user.access);
    await stack.provider.until((calls) => calls.some(({ held }) => held));
    await stack.post(`/runs/${sent.body.run_id}/cancel`, {}, user.access);
    const { end, status } = await ended(Number(sent.body.run_id));
    stack.provider.resume();
    expect([status, end.content]).to.deep.equal(['cancelled', '']);
  });

  it('end whole when the model stops in mid-sentence, or breaks off and begins again', async () => {
    const { end, status } = await ask('long [[tokens:1200]]');
    expect([status, end.finish_reason]).to.deep.equal(['incomplete', 'length']);
    expect(end.content).to.match(/^w1 w2 .* w1000\s?$/);
    const cut = await ask('again [[tokens:200]] [[cut:150]] [[times:1]]');
    expect([cut.status, cut.end.content.split(' ').length]).to.deep.equal(['completed', 200]);
    await expectAllAnswered();
  });
});
