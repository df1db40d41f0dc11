import { expect } from 'chai';
import { row, rows } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Stack, startStack } from '../support/stack.ts';

type Source = { faq_id: number; question: string; similarity: number };
type End = { content: string; finish_reason: string; sources: Source[]; offered: Source[] };

describe('the sources of an answer', function () {
  this.timeout(60_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  before(async () => {
    stack = await startStack();
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
    const { access } = await buildUser({ role: 'agent' });
    for (const [question, answer] of [
      ['When does the bakery open?', 'At six.'],
      ['When does the bakery close?', 'At noon.'],
    ])
      await stack.post('/faqs', { question, answer, status: 'published' }, access);
    while ((await rows('SELECT FROM faqs WHERE id NOT IN (SELECT faq_id FROM faq_vectors)')).length > 0)
      await new Promise((later) => setTimeout(later, 20));
  });
  afterEach(() => stack.provider.reset());
  after(async () => {
    device.close();
    await stack.stop();
  });

  /** Returns the terminal event, and the run as GET and the row show it. */
  const ask = async (content: string) => {
    const sent = await stack.post('/chat/send', { content }, user.access);
    const id = Number(sent.body.run_id);
    const end = await device.ended(id);
    const { body } = await stack.get(`/runs/${id}`, user.access);
    const unanswered = await row<{ is: boolean }>(
      'SELECT is_unanswered(r) AS is FROM runs r WHERE id = :id',
      {
        id,
      },
    );
    return {
      end: end.data as unknown as End,
      run: body as unknown as Omit<End, 'content'> & { status: string },
      unanswered: unanswered?.is,
    };
  };
  const questions = (sources: Source[]) => sources.map(({ question }) => question);

  it('are the passages that it cites; what else the model was given is offered', async () => {
    const { end, run, unanswered } = await ask('When does the bakery open in the morning?');
    expect(end.content).to.match(/^At six\. \[\d+\]$/);
    expect(questions(end.sources)).to.deep.equal(['When does the bakery open?']);
    expect(questions(end.offered)).to.have.members([
      'When does the bakery open?',
      'When does the bakery close?',
    ]);
    expect([run.sources, run.offered]).to.deep.equal([end.sources, end.offered]);
    expect(unanswered).to.equal(false);
  });

  it('are none where it cites none, and then the question is unanswered', async () => {
    const { end, run, unanswered } = await ask('When does the bakery open? [[tokens:3]]');
    expect(end.content).to.equal('w1 w2 w3');
    expect([end.sources, run.sources]).to.deep.equal([[], []]);
    expect(run.offered).to.have.length(2);
    expect(end.offered).to.deep.equal(run.offered);
    expect(unanswered).to.equal(true);
  });

  it('are none of a refused question, which was offered nothing', async () => {
    const { end, run, unanswered } = await ask('When does the bakery open? [[flag]]');
    expect(end.finish_reason).to.equal('content_filter');
    expect([end.sources, end.offered, run.sources, run.offered]).to.deep.equal([[], [], [], []]);
    expect(unanswered).to.equal(false);
  });

  it('are none of an answer that failed', async () => {
    const { run, unanswered } = await ask('When does the bakery open? [[status:400]]');
    expect([run.status, run.sources]).to.deep.equal(['failed', []]);
    expect(unanswered).to.equal(false);
  });
});
