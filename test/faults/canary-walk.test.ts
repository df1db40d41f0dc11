import { createECDH, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type TOTP, URI } from 'otpauth';
import { knex } from '../../db/knex.ts';
import { verifyAuditLog } from '../../db/models/auditChain.ts';
import { rows } from '../../db/sql.ts';
import { type Answer, call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { dumpOf, filesOf, keysOf } from '../support/everywhere.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { type Browser, startBrowser } from '../support/pushService.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { type Receiver, serveReceiver } from '../support/webhooks.ts';

/** Strings that occur nowhere else, one for every place where a person can enter something. */
const CANARY = {
  email: 'zqmail01@example.com',
  other_email: 'zqmail02@example.com',
  username: 'zqname03',
  new_username: 'zqname04',
  first_name: 'Zqfirst05',
  last_name: 'Zqlast06',
  avatar: 'zqavatar07',
  content: 'zqcontent08',
  unanswered: 'zqunanswered09',
  title: 'zqtitle10',
  tag: 'zqtag11',
  metadata: 'zqmetadata12',
  comment: 'zqcomment13',
  reason: 'zqreason14',
  note: 'zqnote15',
  reply: 'zqreply16',
  query: 'zqquery17',
  agent: 'Zqagent18',
  key: 'zqkey19',
  score: 'zqscore20',
  external_id: 'zqexternal21',
  site_name: 'Zqsite22',
  site_email: 'zqmail23@example.com',
  guest: 'zqguest24',
  address: '198.51.100.231',
};
const PASSWORD = 'a walk in the park 41';
const WIDGET_SECRET = 'a secret of the site with more than 32 letters';
/** Ids from here on occur nowhere else in a dump. */
const IDS = 730_415_000_000;
const AFTER = 990_000_000_000;

(onNative ? describe : describe.skip)('a user who used every feature and is erased', function () {
  this.timeout(300_000);
  let stack: Stack;
  let folder: string;
  let redis: Redis;
  let [receiver, browser]: [Receiver?, Browser?] = [];
  let [admin, agent, other]: BuiltUser[] = [];
  /** What must not be found any more, by what it is. */
  const traces = new Map<string, string>();
  const receipts: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-walk-'));
    redis = new Redis(process.env.REDIS_URL ?? '');
    [receiver, browser] = await Promise.all([serveReceiver(), startBrowser()]);
    const pair = createECDH('prime256v1');
    const env = {
      MAIL_DIR: join(folder, 'mail'),
      PUBLIC_URL: 'https://chat.example.org',
      NOTIFY_MAIL_AFTER_S: '1',
      VAPID_PUBLIC_KEY: pair.generateKeys('base64url'),
      VAPID_PRIVATE_KEY: Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString(
        'base64url',
      ),
      WEBHOOK_ALLOW_PRIVATE: 'true',
      PUSH_SERVICES: '*',
      WIDGET_SECRET,
      TRUST_PROXY: '1',
      LOG_LEVEL: 'trace',
    };
    stack = await startApart(env, ['web', ...WORKERS, 'analytics', 'notification']);
  });
  after(async () => {
    await stack.stop();
    redis.disconnect();
    await Promise.all([receiver?.close(), browser?.stop()]);
    rmSync(folder, { recursive: true });
  });

  const ask = (method: string, path: string, body?: unknown, token?: string, more = {}): Promise<Answer> =>
    call(`${stack.web[0]}/api/v1${path}`, method, body, { ...(token && { token }), headers: more });
  /** As the user who goes: from an address and with a program of their own. */
  const own = async (method: string, path: string, body?: unknown, token?: string, more = {}) => {
    const answer = await ask(method, path, body, token, {
      'x-forwarded-for': CANARY.address,
      'user-agent': `${CANARY.agent}/7.1`,
      ...more,
    });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const trace = (what: string, value: unknown) => {
    traces.set(`${what} ${String(value)}`, String(value));
    return Number(value);
  };
  /** Lets the next ids of each table be ones that occur nowhere else, not even in another table. */
  const idsFrom = async (first: number) => {
    const tables = [
      'users',
      'conversations',
      'messages',
      'runs',
      'sessions',
      'exports',
      'mails',
      'notifications',
    ];
    for (const [i, table] of tables.entries())
      await rows(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), ${first + i * 1_000_000})`);
  };

  it('is in no row, key, file or later log line, and everything of others is as it was', async () => {
    for (const [what, value] of Object.entries(CANARY)) traces.set(what, value);
    [admin, agent, other] = await Promise.all([
      buildUser({ role: 'admin' }),
      buildUser({ role: 'agent' }),
      buildUser(),
    ]);
    await ask(
      'POST',
      '/webhooks',
      {
        url: receiver!.url,
        events: ['user.created', 'user.erased', 'message.created', 'feedback.created'],
        include_content: true,
      },
      admin?.access,
    );
    const theirs = await talk(other!, 'somebody else’s words');
    await until(
      'the answers are announced',
      async () => (await knex('runs').whereNotNull('completed_at').whereNull('announced_at')).length === 0,
    );
    const before = await rowsOfOthers();

    await idsFrom(IDS);
    const accounts = [await everything(), await siteUser()];
    for (const { id } of accounts) {
      trace('account', id);
      for (const [table, what] of [
        ['conversations', 'conversation'],
        ['messages', 'message'],
        ['runs', 'run'],
        ['sessions', 'session'],
      ] as const)
        for (const { id: one } of await rows<{ id: number }>(`SELECT id FROM ${table} WHERE user_id = :id`, {
          id,
        }))
          trace(what, one);
    }
    await idsFrom(AFTER);
    await until('all was sent', async () => {
      const [owed] = await rows<{ n: number }>(
        `SELECT (SELECT count(*) FROM webhook_deliveries WHERE status = 'pending')
           + (SELECT count(*) FROM mails WHERE due_at IS NOT NULL) + (SELECT count(*) FROM notifications WHERE due_at IS NOT NULL) AS n`,
      );
      return Number(owed?.n) === 0;
    });
    // The walk left traces everywhere, or nothing of this would show anything.
    for (const place of [
      await dumpOf(process.env.DATABASE_URL ?? ''),
      await keysOf(redis),
      await filesOf(folder),
    ])
      expect(found(place).length).to.be.greaterThan(0);

    const [{ password, token, id }, site] = accounts as [Walker, Walker];
    receipts.push(String((await own('DELETE', '/users/me', { password }, token)).receipt));
    const { body } = await ask(
      'POST',
      `/users/${site.id}/erase`,
      { reason: 'asked by letter' },
      admin?.access,
    );
    receipts.push(String(body.receipt));
    for (const receipt of receipts)
      await until(
        'the account is erased',
        async () => (await ask('GET', `/erasures/${receipt}`)).body.status === 'erased',
      );
    await until('the last mails and events are sent', async () => {
      const [owed] = await rows<{ n: number }>(
        `SELECT (SELECT count(*) FROM mails WHERE due_at IS NOT NULL OR user_id IS NULL) + (SELECT count(*) FROM notifications WHERE due_at IS NOT NULL)
           + (SELECT count(*) FROM webhook_deliveries WHERE status = 'pending') AS n`,
      );
      return Number(owed?.n) === 0;
    });
    expect(
      receiver?.received.filter(
        ({ body: sent }) => sent.includes('user.erased') && sent.includes(String(id)),
      ),
    ).to.have.length(1);
    await chained();

    const lines = stack.web.length > 0 ? logs() : [];
    expect(found(await dumpOf(process.env.DATABASE_URL ?? '')), 'dump').to.deep.equal([]);
    expect(found(await keysOf(redis)), 'keys').to.deep.equal([]);
    expect(found(await filesOf(folder)), 'files').to.deep.equal([]);
    // Process logs hold ids; see docs/privacy.md.
    expect(found(lines, /^(account|conversation|message|run|session) \d+$/), 'logs').to.deep.equal([]);
    expect(await rowsOfOthers()).to.deep.equal(before);
    expect((await ask('GET', `/conversations/${theirs}`, undefined, other?.access)).status).to.equal(200);
  });

  type Walker = { id: number; token: string; password?: string };

  /** Uses every feature with an account that began as a guest. */
  async function everything(): Promise<Walker> {
    const consents = { gdpr_consent: true, data_processing_consent: true };
    const guest = await own('POST', '/auth/guest', { ...consents, language: 'en' });
    await say(String(guest.access_token), { content: `Hello, I am ${CANARY.guest}` });
    const { email, username, first_name, last_name } = CANARY;
    const account = {
      email,
      username,
      first_name,
      last_name,
      password: PASSWORD,
      ...consents,
      marketing_consent: true,
    };
    const { user } = await own('POST', '/auth/register', account, String(guest.access_token));
    const id = Number((user as { id: number }).id);
    let token = String(
      (
        await own('POST', '/auth/login', { email, password: PASSWORD }, undefined, {
          'user-agent': `${CANARY.agent} other/1`,
        })
      ).access_token,
    );
    await own(
      'PATCH',
      '/users/me',
      { avatar_url: `https://example.com/${CANARY.avatar}`, marketing_consent: false },
      token,
    );
    await own('POST', '/push/subscriptions', browser?.subscription, token);
    traces.set('push', browser!.subscription.endpoint);

    const said = await say(
      token,
      { content: `${CANARY.content} [[echo]]`, metadata: { note: CANARY.metadata } },
      { 'idempotency-key': CANARY.key },
    );
    await own(
      'PUT',
      `/conversations/${said.conversation_id}`,
      { title: CANARY.title, tags: [CANARY.tag] },
      token,
    );
    await own(
      'POST',
      `/messages/${said.reply_id}/feedback`,
      { rating: 'down', comment: CANARY.comment },
      token,
    );
    await own(
      'POST',
      `/conversations/${said.conversation_id}/rating`,
      { score: 2, comment: CANARY.score },
      token,
    );
    await own('GET', `/conversations?q=${CANARY.query}`, undefined, token);
    await own('GET', `/faqs/search?q=${CANARY.query}`, undefined, token);
    await suggested(token);

    const { conversation_id } = await say(token, { content: `${CANARY.content} for a person` });
    await own('POST', `/conversations/${conversation_id}/handoff`, { reason: CANARY.reason }, token);
    for (const [what, body] of [
      ['take', {}],
      ['note', { content: CANARY.note }],
      ['reply', { content: CANARY.reply }],
    ] as const)
      expect(
        (await ask('POST', `/inbox/${conversation_id}/${what}`, body, agent?.access)).status,
      ).to.be.lessThan(300);
    await ask('GET', `/inbox/${conversation_id}`, undefined, agent?.access);
    await own('POST', '/chat/send', { conversation_id, content: CANARY.content }, token);
    await browser?.next();

    await own('POST', '/auth/verify-email/send', undefined, token);
    await own('POST', '/users/me/email', { email: CANARY.other_email, password: PASSWORD }, token);
    const { uri, secret, recovery_codes } = await own(
      'POST',
      '/users/me/second-factor',
      { password: PASSWORD },
      token,
    );
    traces.set('secret', String(secret)).set('recovery', (recovery_codes as string[])[0] ?? '');
    const totp = URI.parse(String(uri)) as TOTP;
    await own('POST', '/users/me/second-factor/confirm', { code: totp.generate() }, token);
    await ask('POST', '/auth/password/forgot', { email });
    const asked = await own('POST', '/users/me/export', undefined, token);
    const url = await until(
      'the export is ready',
      async () =>
        (await own('GET', `/users/me/exports/${String(asked.id)}`, undefined, token)).url ?? undefined,
    );
    expect(
      (await fetch(`${stack.web[0]}${String(url)}`, { headers: { authorization: `Bearer ${token}` } }))
        .status,
    ).to.equal(200);
    await ask('GET', `/users/${id}`, undefined, admin?.access);
    await ask('GET', '/users?limit=50', undefined, admin?.access);
    const device = await connectDevice(stack.web[0] ?? '', token);
    await device.ask('typing', { conversation_id });
    device.close();
    return { id, token, password: PASSWORD };
  }

  /** Has a question grouped as one that no FAQ answers, and drafted by an editor. */
  async function suggested(token: string): Promise<void> {
    const { message_id } = await say(token, { content: `Does the ${CANARY.unanswered} open on Sundays?` });
    const suggestion = await until('the question is grouped', async () => {
      const [gap] = await knex('faq_gaps').where({ message_id }).whereNotNull('suggestion_id');
      return gap?.suggestion_id as number | undefined;
    });
    await ask('GET', '/faqs/suggestions', undefined, agent?.access);
    expect((await ask('POST', `/faqs/suggestions/${suggestion}/draft`, {}, agent?.access)).status).to.equal(
      201,
    );
  }

  /** An account that a site vouches for. */
  async function siteUser(): Promise<Walker> {
    const { external_id, site_name: name, site_email: email } = CANARY;
    const hash = createHmac('sha256', WIDGET_SECRET).update(external_id).digest('hex');
    const { user, access_token } = await own('POST', '/auth/widget', { external_id, name, email, hash });
    const token = String(access_token);
    await own('PATCH', '/users/me', { data_processing_consent: true }, token);
    await say(token, { content: `${CANARY.content} on a site` });
    return { id: Number((user as { id: number }).id), token };
  }

  /** Sends a message and waits for its answer. */
  async function say(token: string, body: object, more = {}) {
    const sent = (await own('POST', '/chat/send', body, token, more)) as {
      run_id: number;
      reply_id: number;
      message_id: number;
      conversation_id: number;
    };
    await until('the answer is there', async () =>
      ['completed', 'failed'].includes(
        String((await own('GET', `/runs/${sent.run_id}`, undefined, token)).status),
      ),
    );
    return sent;
  }

  async function talk({ access }: BuiltUser, content: string): Promise<number> {
    const { body } = await ask('POST', '/chat/send', { content }, access);
    await until(
      'the answer is there',
      async () =>
        (await ask('GET', `/runs/${String(body.run_id)}`, undefined, access)).body.status === 'completed',
    );
    return Number(body.conversation_id);
  }

  /** What is kept of the others, but for what changes with time alone. */
  async function rowsOfOthers() {
    const { id } = other!;
    const theirs: Record<string, unknown> = {};
    for (const table of ['conversations', 'messages', 'runs', 'sessions', 'consents', 'faq_gaps'])
      theirs[table] = await rows(
        table === 'faq_gaps'
          ? 'SELECT g.message_id FROM faq_gaps g JOIN messages m ON m.id = g.message_id WHERE m.user_id = :id'
          : `SELECT * FROM ${table} WHERE user_id = :id ORDER BY id`,
        { id },
      );
    return {
      ...theirs,
      faq_gaps: undefined,
      users: await rows('SELECT email, username, status FROM users WHERE id = ANY (:ids) ORDER BY id', {
        ids: [admin!.id, agent!.id, id],
      }),
    };
  }

  function logs(): string[] {
    return ['web', ...WORKERS, 'analytics', 'notification'].flatMap((type) =>
      stack.of(type).flatMap((one) => one.logs.map((line) => JSON.stringify(line))),
    );
  }

  /** Resolves when every entry of the audit log has its place, and the chain verifies. */
  async function chained(): Promise<void> {
    await until('the audit log is chained', async () => {
      const end = await verifyAuditLog(null);
      if ('fault' in end) throw new Error(JSON.stringify(end));
      return end.unchained === 0;
    });
  }

  /** Returns what of the walk is found, each with the place. @param but names of traces that may be there */
  function found(texts: string[], but?: RegExp): string[] {
    const left: string[] = [];
    for (const [what, value] of traces) {
      if (but?.test(what) === true) continue;
      const whole = /^\d+$/.test(value) ? new RegExp(`(?<!\\d)${value}(?!\\d)`) : undefined;
      const text = texts.find((one) => whole?.test(one) ?? one.toLowerCase().includes(value.toLowerCase()));
      if (text !== undefined) left.push(`${what}: ${text.slice(0, 300)}`);
    }
    return left;
  }
});
