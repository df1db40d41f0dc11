import { once } from 'node:events';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { knex } from '../../db/knex.ts';
import { type Sound, verifyAuditLog } from '../../db/models/auditChain.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { type Answer, call } from '../support/api.ts';
import { startCollector } from '../support/collector.ts';
import { connectDevice } from '../support/device.ts';
import { keysOf } from '../support/everywhere.ts';
import { buildUser } from '../support/factories.ts';
import { startStack, type Stack, WORKERS } from '../support/stack.ts';
import { dial } from '../support/wire.ts';

/** Strings that occur nowhere else, one for every place where a person can enter text. */
const CANARY = {
  email: 'zqmail41@example.com',
  username: 'zqname42',
  first_name: 'Zqfirst43',
  last_name: 'Zqlast44',
  password: 'zqpassword45 horse',
  wrong_password: 'zqwrong46 horse',
  content: 'zqcontent47',
  title: 'zqtitle48',
  tag: 'zqtag49',
  metadata: 'zqmetadata50',
  comment: 'zqcomment51',
  query: 'zqquery52',
  field: 'zqfield53',
  malformed: 'zqmalformed54',
  faq: 'zqfaq55',
  new_password: 'zqpassword56 horse',
  other_email: 'zqmail57@example.com',
  agent: 'zqagent58',
};

describe('personal data', function () {
  this.timeout(90_000);
  let stack: Stack;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let monitor: Awaited<ReturnType<Redis['monitor']>>;
  let redis: Redis;
  const said: string[][] = [];
  const metricsUrls: string[] = [];
  /** All secrets; the tokens are added when the API returns them. */
  const secrets = new Map(Object.entries(CANARY));
  before(async () => {
    collector = await startCollector();
    redis = new Redis(process.env.REDIS_URL ?? '');
    monitor = await redis.monitor();
    monitor.on('monitor', (_time: string, args: string[]) => said.push(args));
    const env = { LOG_LEVEL: 'trace', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    stack = await startStack(env, ['web']);
    await Promise.all(
      WORKERS.map(async (type) => {
        const port = await freePort();
        metricsUrls.push(`http://127.0.0.1:${port}/metrics`);
        await stack.add(type, { ...env, METRICS_PORT: String(port) });
      }),
    );
  });
  after(async () => {
    monitor.disconnect();
    redis.disconnect();
    await stack.stop();
    await collector.stop();
  });

  const ask = async (method: string, path: string, body?: unknown, token?: string): Promise<Answer> => {
    const headers = { 'user-agent': CANARY.agent };
    const answer = await call(`${stack.web[0]}/api/v1${path}`, method, body, {
      ...(token && { token }),
      headers,
    });
    for (const name of ['access_token', 'refresh_token'])
      if (typeof answer.body[name] === 'string')
        secrets.set(`${name} ${secrets.size}`, String(answer.body[name]));
    return answer;
  };
  const post = (path: string, body: unknown, token?: string) => ask('POST', path, body, token);

  it('appears in no log, metric, job, failure reason, trace, health report or audit entry, and to no other user', async () => {
    const token = await account();
    const [talk] = await Promise.all([conversation(token), knowledge()]);
    await refusals(token);
    const foreign = await others(talk);
    const answers = await Promise.all(
      ['/health', '/readyz', '/metrics'].map(async (path) => (await fetch(`${stack.web[0]}${path}`)).text()),
    );
    const metrics = await Promise.all(metricsUrls.map(async (url) => (await fetch(url)).text()));
    const { hash } = await chained();
    const entries = JSON.stringify(await knex('audit_entries'));
    const kept = await keysOf(redis, /^run:\{\d+\}:log$/);
    const processes = ['web', ...WORKERS].flatMap((type) => stack.of(type));
    await stack.stop();

    const logs = processes.flatMap((one) => one.logs);
    expectNone(
      'log lines',
      logs.map((line) => JSON.stringify(line)),
    );
    expectNone('metrics and health', [...answers, ...metrics]);
    expectNone('audit entries', [entries]);
    expectNone('traces', [collector.text()]);
    expectNone('answers to others', foreign);
    // The search cache keeps published FAQs it found, under keys that reveal nothing.
    const isFound = (text: string) => text.includes('cache:search:');
    const commands = said.filter((command) => !isShown(command)).map((command) => command.join(' '));
    for (const [where, texts] of [
      ['keys and values in Redis', kept],
      ['commands to Redis', commands],
    ] as const) {
      expectNone(
        where,
        texts.filter((text) => !isFound(text)),
      );
      expectNone(where, texts.filter(isFound), 'faq');
    }
    // Checks that each search had something to search in.
    expect(logs.length).to.be.greaterThan(50);
    expect(logs.filter((line) => line.msg === 'Audit log chained').map((line) => line.hash)).to.include(hash);
    for (const refused of ['Socket event refused', 'Frame refused', 'Handshake refused'])
      expect(
        logs.some(({ msg }) => msg === refused),
        refused,
      ).to.equal(true);
    expect(metrics.join()).to.contain('job_duration_seconds');
    expect(kept.some((text) => text.startsWith('bull:completion:'))).to.equal(true);
    expect(said.filter(isShown).some((command) => command.join(' ').includes(CANARY.content))).to.equal(true);
    expect(collector.spans.length).to.be.greaterThan(5);
  });

  /** Signs up and in, also in every wrong way. Returns an access token. */
  async function account(): Promise<string> {
    const { email, username, password, first_name, last_name } = CANARY;
    const fields = { email, username, password, first_name, last_name, gdpr_consent: true };
    await post('/auth/register', { ...fields, data_processing_consent: true });
    expect((await post('/auth/register', fields)).status).to.equal(409);
    expect((await post('/auth/register', { ...fields, email: CANARY.other_email })).status).to.equal(409);
    await post('/auth/login', { email, password: CANARY.wrong_password });
    await post('/auth/login', { email: CANARY.other_email, password });
    await post('/auth/password/forgot', { email });
    const first = await post('/auth/login', { email: username, password });
    await post('/auth/refresh', { refresh_token: first.body.refresh_token });
    await post('/auth/refresh', { refresh_token: first.body.refresh_token });
    const { body } = await post('/auth/login', { email, password });
    const token = String(body.access_token);
    const change = { current_password: password, new_password: CANARY.new_password };
    expect((await post('/users/me/password', change, token)).status).to.equal(204);
    await ask('PATCH', '/users/me', { first_name, avatar_url: `https://example.com/${CANARY.field}` }, token);
    return token;
  }

  /** Talks over all transports, with a provider that fails in every way. Returns the ids that others then ask for. */
  async function conversation(token: string) {
    const { content, metadata } = CANARY;
    const me = (await ask('GET', '/users/me', undefined, token)).body.id as number;
    const device = await connectDevice(stack.web[0] ?? '', token);
    const wire = await dial(stack.web[0] ?? '', me, token);
    const ended: string[] = [];
    const say = async (directive: string) => {
      const body = { content: `${content} ${directive}`, metadata: { note: metadata } };
      const { body: sent } = await post('/chat/send', body, token);
      const end = await device.ended(Number(sent.run_id));
      ended.push(end.event);
      return sent as { run_id: number; conversation_id: number; reply_id: number };
    };
    const sent = await say('[[echo]]');
    await Promise.all(
      [
        '[[status:400]]',
        '[[status:401]]',
        '[[status:500;times:1]]',
        '[[malformed:2;times:1]]',
        '[[flag]]',
        '[[fail-embeddings]]',
        '[[fail-moderation]]',
      ].map(say),
    );
    expect(ended).to.include.members(['response', 'run.failed']);

    await device.ask('message', { content: `${content} over a socket`, metadata: { note: metadata } });
    await device.ask('message', { content: { no: content } });
    await device.ask(CANARY.field, { [CANARY.field]: content });
    wire.say({ type: 'message', content: `${content} over a wire` });
    await wire.until(({ type, content: text }) => type === 'response' && String(text).length > 0);
    wire.say(`{"type":"message","content":"${CANARY.malformed}`);
    await wire.until(({ code }) => code === 'malformed_json');
    await ask(
      'PUT',
      `/conversations/${sent.conversation_id}`,
      { title: CANARY.title, tags: [CANARY.tag] },
      token,
    );
    await ask('GET', `/conversations?q=${CANARY.query}`, undefined, token);
    await ask('GET', `/faqs/search?q=${CANARY.query}`, undefined, token);
    await post(`/messages/${sent.reply_id}/feedback`, { rating: 'down', comment: CANARY.comment }, token);
    await connectDevice(stack.web[0] ?? '', `${token}x`).catch((err: Error) =>
      expect(err.message).to.equal('unauthenticated'),
    );
    device.close();
    wire.socket.terminate();
    await once(wire.socket, 'close');
    return { ...sent, me };
  }

  /** Writes an editor's texts: imported, some lines invalid, and embedded by a provider that fails at first. */
  async function knowledge(): Promise<void> {
    const { access } = await buildUser({ role: 'agent' });
    const question = `${CANARY.faq} [[fail-embeddings;times:1]]`;
    const { body } = await post('/faqs', { question, answer: CANARY.faq, status: 'published' }, access);
    await post('/faqs', { question, answer: CANARY.faq, slug: body.slug }, access);
    const lines = [
      { question: CANARY.faq, answer: CANARY.faq },
      { question: CANARY.faq, [CANARY.field]: 1 },
    ];
    const { body: taken } = await post('/faqs/import', lines, access);
    for (;;) {
      const { body: now } = await ask('GET', `/faqs/imports/${taken.import_id}`, undefined, access);
      const vectors = knex('faq_vectors').whereRaw("faq_id = faqs.id AND part = 'question'");
      const owed = await knex('faqs').whereNotExists(vectors).count().first();
      if (now.status === 'completed' && Number(owed?.count) === 0) return;
      await new Promise((soon) => setTimeout(soon, 50));
    }
  }

  /** Sends requests that the API must refuse. */
  async function refusals(token: string): Promise<void> {
    const { content, malformed, field } = CANARY;
    const refused: [string, unknown, string?][] = [
      ['/chat/send', `{"content": "${malformed}`, token],
      ['/chat/send', { content, [field]: 1 }, token],
      ['/chat/send', { content: `${content}\u0000` }, token],
      ['/chat/send', { content: content.repeat(40_000) }, token],
      ['/chat/send', { content, conversation_id: field }, token],
      [
        '/auth/register',
        { email: field, username: field, password: field, timezone: field, gdpr_consent: field },
      ],
      [`/auth/${field}`, { content }],
      ['/chat/send', { content }, `${token}x`],
    ];
    for (const [path, body, by] of refused)
      expect((await post(path, body, by)).status).to.be.within(400, 499);
  }

  /** Returns the answers to others who ask for all of it: only their own request may come back. */
  async function others(talk: { run_id: number; conversation_id: number; reply_id: number; me: number }) {
    const answers: Answer[] = [];
    for (const role of ['user', 'agent', 'admin'] as const) {
      const { access } = await buildUser({ role });
      for (const path of [
        `/conversations/${talk.conversation_id}`,
        `/conversations/${talk.conversation_id}/messages`,
        `/runs/${talk.run_id}`,
        `/admin/runs/${talk.run_id}`,
        '/audit?limit=100',
        '/conversations',
      ])
        answers.push(await ask('GET', path, undefined, access));
      const { conversation_id } = talk;
      answers.push(await post('/chat/send', { content: 'Hi', conversation_id }, access));
      answers.push(await post(`/messages/${talk.reply_id}/regenerate`, {}, access));
    }
    const taken = {
      email: CANARY.email.toUpperCase(),
      username: 'somebody',
      password: 'battery staple',
      gdpr_consent: true,
    };
    answers.push(await post('/auth/register', taken));
    return answers.map(({ body, headers }) => JSON.stringify([body, [...headers]]));
  }

  /** Resolves to the head when housekeeping has chained all entries. */
  async function chained(): Promise<Sound> {
    for (;;) {
      const found = await verifyAuditLog(null);
      if ('fault' in found) throw new Error(found.fault);
      if (found.unchained === 0) return found;
      await new Promise((soon) => setTimeout(soon, 50));
    }
  }

  function expectNone(where: string, texts: string[], but?: string): void {
    for (const [name, secret] of secrets) {
      if (name === but) continue;
      const found = texts.find((text) => text.toLowerCase().includes(secret.toLowerCase()));
      expect(found?.slice(0, 2_000), `${name} in ${where}`).to.equal(undefined);
    }
  }
});

/** Whether a command carries what users are shown: the run's log, which expires, and the pushes of its events. */
function isShown(command: string[]): boolean {
  const ofARun = /^run:\{\d+\}:log$/;
  return (
    command.some((arg) => ofARun.test(arg)) ||
    (command[0]?.toUpperCase() === 'PUBLISH' && command[1]?.startsWith('socket.io#') === true)
  );
}
