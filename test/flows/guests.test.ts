import { expect } from 'chai';
import { connectDevice } from '../support/device.ts';
import { connectClient } from '../support/client.ts';
import { call } from '../support/api.ts';
import { fell, trapped } from '../support/traps.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { expectInvariants } from '../support/invariants.ts';

const consents = { gdpr_consent: true, data_processing_consent: true };
type SignedIn = { user: { id: number; role: string }; access_token: string; refresh_token: string };

describe('a guest, over two replicas', function () {
  this.timeout(120_000);
  let stack: Stack;
  before(async () => {
    stack = await startStack();
  });
  afterEach(() => stack.provider.reset());
  after(() => stack.stop());

  let named = 0;
  const account = () => {
    const username = `flow${++named}_${process.pid}`;
    return { email: `${username}@example.com`, username, password: 'correct horse', gdpr_consent: true };
  };
  async function signIn(web = 0): Promise<SignedIn> {
    const { status, body } = await call(`${stack.web[web]}/api/v1/auth/guest`, 'POST', consents);
    expect(status).to.equal(201);
    return body as SignedIn;
  }
  const register = (token: string, web = 0) =>
    call(`${stack.web[web]}/api/v1/auth/register`, 'POST', account(), { token });

  it('is answered as anybody is, and shown nobody else’s', async () => {
    const [one, two] = [await signIn(), await signIn(1)];
    const devices = await Promise.all(
      [one, two].map(({ access_token }, i) => connectDevice(stack.web[i] ?? '', access_token)),
    );
    const { body } = await stack.post('/chat/send', { content: 'Hi [[tokens:10]]' }, one.access_token, {
      web: 1,
    });
    expect((await devices[0]!.ended(Number(body.run_id))).event).to.equal('response');
    expect(devices[1]!.events).to.deep.equal([]);
    for (const device of devices) device.close();
  });

  it('registers in the middle of an answer: it ends once, on the device from before and on a new one', async () => {
    const guest = await signIn();
    const [web = '', other = ''] = stack.web;
    const before = await connectClient({ id: guest.user.id, access: guest.access_token }, web, other);
    const { run_id, conversation_id } = await before.send('Tell me [[tokens:60]] [[gap:50]]');
    await before.device.until('a delta', ({ event }) => event === 'response.delta');
    const { status, body } = await register(guest.access_token, 1);
    expect(status).to.equal(201);
    const { user, access_token } = body as SignedIn;
    expect(user).to.include({ id: guest.user.id, role: 'user' });
    const after = await connectClient({ id: user.id, access: access_token }, other);
    after.runs.push(run_id);
    expect((await before.end(run_id)).event).to.equal('response');
    expect((await after.end(run_id)).event).to.equal('response');
    const next = await after.send('And then? [[tokens:5]]', { conversation_id });
    expect(next.conversation_id).to.equal(conversation_id);
    expect((await after.end(next.run_id)).event).to.equal('response');
    const { body: list } = await stack.get(`/conversations/${conversation_id}/messages`, access_token, 1);
    expect((list.data as unknown[]).length).to.equal(4);
    before.close();
    after.close();
  });

  it('registers twice at once at two replicas: one account', async () => {
    const guest = await signIn();
    const both = await Promise.all([register(guest.access_token), register(guest.access_token, 1)]);
    expect(both.map(({ status, body }) => body.code ?? status)).to.have.members([201, 'conflict']);
  });

  it('is answered exactly once when a worker dies at its answer and it registers meanwhile', async () => {
    for (const worker of stack.of('completion')) await worker.stop();
    const victim = await stack.add('completion', trapped('KILL_AT', 'completion.shown', 3));
    const guest = await signIn();
    const client = await connectClient({ id: guest.user.id, access: guest.access_token }, stack.web[0] ?? '');
    const { run_id } = await client.send('Tell me [[tokens:30]] [[gap:30]]');
    expect(await fell(victim)).to.equal(run_id);
    expect((await register(guest.access_token, 1)).status).to.equal(201);
    await stack.add('completion');
    await expectInvariants([client], 7);
    client.close();
  });
});
