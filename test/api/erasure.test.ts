import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { ledger } from '../../db/models/erasure.ts';
import { verifyAuditLog } from '../../db/models/auditChain.ts';
import { row, rows } from '../../db/sql.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { eraseAgain } from '../../shared/privacy/erasure.ts';
import { isGenuine, type SignedReceipt } from '../../shared/privacy/receipts.ts';
import { announce } from '../../shared/delivery/runs.ts';
import { writeExport } from '../../shared/privacy/exports.ts';
import { erasure } from '../../workers/erasure.ts';
import { dumpOf, keysNaming } from '../support/everywhere.ts';
import { onNative } from '../support/native.ts';
import { buildGuest, buildUser, type BuiltUser, PASSWORD } from '../support/factories.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

describe('the erasure of an account', () => {
  const api = servedWeb();

  /** Has a question answered. */
  async function talked(user: BuiltUser): Promise<void> {
    const sent = await send(api, user);
    const worker = await playWorker(user, sent);
    await worker.say('Hello');
    await worker.finish();
    await worker.announce();
  }
  const erase = (user: BuiltUser, body?: object) =>
    api.call('DELETE', '/users/me', body, { token: user.access });
  const receipt = async (of: unknown) => {
    const { status, body } = await api.call('GET', `/erasures/${String(of)}`);
    expect(status).to.equal(200);
    return body as SignedReceipt & Record<string, unknown>;
  };
  const rowsOf = async (id: number) => {
    const counts = ['users', 'conversations', 'messages', 'runs', 'sessions'].map(async (table) => {
      const found = await knex(table).where(table === 'users' ? { id } : { user_id: id });
      return found.length;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };

  it('begins while Redis takes no jobs', async () => {
    const user = await buildUser();
    const { add } = queues.erasure;
    // A rejection that nobody hears ends the process, and here the suite.
    queues.erasure.add = () => Promise.reject(new Error('Redis is away'));
    try {
      const { status, body } = await erase(user, { password: PASSWORD });
      expect([status, (await receipt(body.receipt)).status]).to.deep.equal([202, 'erasing']);
    } finally {
      queues.erasure.add = add;
    }
    await erasure();
  });

  it('of one account does not hold up others when it fails', async () => {
    const [stuck, user] = [await buildUser(), await buildUser()];
    const first = (await erase(stuck, { password: PASSWORD })).body.receipt;
    const second = (await erase(user, { password: PASSWORD })).body.receipt;
    await knex.raw(`CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse_it BEFORE DELETE ON users FOR EACH ROW WHEN (OLD.id = ${stuck.id}) EXECUTE FUNCTION refuse_it()`);
    const failed = await erasure().catch((err: Error) => err);
    expect(await knex('erasure_failures').where({ user_id: stuck.id }).first()).to.include({ tries: 1 });
    // It waits, so the next pass asks Postgres nothing of it.
    await erasure();
    await knex.raw('DROP FUNCTION refuse_it CASCADE');
    expect(failed).to.be.instanceOf(Error);
    expect(await receipt(first)).to.include({ status: 'erasing' });
    expect(await receipt(second)).to.include({ status: 'erased' });
    await erasure();
    expect(await receipt(first)).to.include({ status: 'erasing' });
    await knex('erasure_failures').update({ not_before: knex.fn.now() });
    await erasure();
    expect(await receipt(first)).to.include({ status: 'erased' });
  });

  it('ends every sign-in at once, and leaves a signed receipt and nothing else', async () => {
    const [user, other] = [await buildUser(), await buildUser()];
    await talked(user);
    await talked(other);
    const { status, body } = await erase(user, { password: PASSWORD });
    expect(status).to.equal(202);
    expect((await api.call('GET', '/users/me', undefined, { token: user.access })).status).to.equal(401);
    expect(await receipt(body.receipt)).to.include({ status: 'erasing', signature: null });

    await erasure();
    const done = await receipt(body.receipt);
    expect(done).to.include({ status: 'erased' });
    expect(done.erased).to.include({ users: 1, messages: 2, runs: 1, conversations: 1, sessions: 1 });
    expect(isGenuine(done, String(done.public_key))).to.equal(true);
    expect(isGenuine({ ...done, erased: { ...done.erased, messages: 1 } }, String(done.public_key))).to.equal(
      false,
    );
    const { publicKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(isGenuine(done, publicKey)).to.equal(false);
    expect([await rowsOf(user.id), (await rowsOf(other.id)) > 0]).to.deep.equal([0, true]);
    expect(await rows('SELECT id FROM erasures WHERE user_id = :id', user)).to.deep.equal([]);
  });

  it('counts every row that went, also those that went with another one', async () => {
    const user = await buildUser();
    await talked(user);
    const { id: user_id, sid: session_id } = user;
    const [{ id: conversation_id }] = await knex('conversations').where({ user_id });
    const [{ id: message_id }] = await knex('messages').where({ user_id, message_type: 'assistant' });
    const keys = { p256dh: 'p', auth: 'a' };
    const endpoint = 'https://push.example.org/counted';
    const expires_at = new Date(Date.now() + 60_000);
    await knex('refresh_tokens').insert({ user_id, session_id, token_hash: 'counted', expires_at });
    await knex('push_subscriptions').insert({ user_id, session_id, endpoint, ...keys });
    await knex('notifications').where({ user_id }).delete();
    await knex('notifications').insert({ user_id, kind: 'answer_ready', conversation_id, message_id });
    await knex('conversation_ratings').insert({ conversation_id, score: 4 });
    const { body } = await erase(user, { password: PASSWORD });
    await erasure();
    const { erased } = await receipt(body.receipt);
    const gone = { sessions: 1, refresh_tokens: 2, push_subscriptions: 1, notifications: 1 };
    expect(erased).to.include({ ...gone, conversation_ratings: 1, conversation_summaries: 0, messages: 2 });
  });

  it('asks for the password of an account that has one, and of no other', async () => {
    const [user, guest] = [await buildUser(), await buildGuest()];
    for (const body of [{}, { password: 'not it' }]) expect((await erase(user, body)).status).to.equal(400);
    expect((await erase(guest, { password: 'any' })).status).to.equal(400);
    expect((await erase(guest)).status).to.equal(202);
    expect(await row('SELECT status FROM users WHERE id = :id', user)).to.deep.equal({ status: 'active' });
  });

  it('keeps the last administrator, also of two who leave at once', async () => {
    await rows(`UPDATE users SET status = 'suspended' WHERE role = 'admin'`);
    const admins = [await buildUser({ role: 'admin' }), await buildUser({ role: 'admin' })];
    const both = await Promise.all(admins.map((admin) => erase(admin, { password: PASSWORD })));
    expect(both.map(({ status }) => status).toSorted()).to.deep.equal([202, 409]);
  });

  it('of one’s own account wants the password, of administrators too', async () => {
    const [admin, other] = [await buildUser({ role: 'admin' }), await buildUser({ role: 'admin' })];
    const refused = await api.call(
      'POST',
      `/users/${admin.id}/erase`,
      { reason: 'a stolen token' },
      { token: admin.access },
    );
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'forbidden']);
    const path = `/users/${other.id}/erase`;
    expect((await api.call('POST', path, { reason: 'left' }, { token: admin.access })).status).to.equal(202);
  });

  it('is done once where it is asked for twice at once', async () => {
    const [admin, user] = [await buildUser({ role: 'admin' }), await buildUser()];
    const asked = () =>
      api.call('POST', `/users/${user.id}/erase`, { reason: 'asked' }, { token: admin.access });
    const both = await Promise.all([asked(), asked()]);
    expect(both.map(({ status }) => status)).to.deep.equal([202, 202]);
    expect(new Set(both.map(({ body }) => body.receipt)).size).to.equal(1);
    await erasure();
    expect(await rowsOf(user.id)).to.equal(0);
    expect((await asked()).status).to.equal(404);
  });

  it('waits for a running answer to end, and then goes on', async () => {
    const user = await buildUser();
    const worker = await playWorker(user, await send(api, user));
    await worker.say('Hello');
    const { body } = await erase(user, { password: PASSWORD });
    await erasure();
    expect((await receipt(body.receipt)).status).to.equal('erasing');
    await worker.finish();
    await worker.announce();
    await erasure();
    expect((await receipt(body.receipt)).status).to.equal('erased');
  });

  it('meets a handoff, an export, a message and itself at once, and nothing is left', async () => {
    const agent = await buildUser({ role: 'agent' });
    for (let round = 0; round < 6; round += 1) {
      const [user, word] = [await buildUser(), `zqmeets${round}x`];
      const { run_id, conversation_id: id } = await send(api, user, { content: word });
      const [own, staff] = [{ token: user.access }, { token: agent.access }];
      const exported = async () => {
        const asked = await api.call('POST', '/users/me/export', undefined, own);
        if (asked.status === 202) await writeExport(Number(asked.body.id));
        return asked;
      };
      const acts = [
        () => api.call('POST', `/conversations/${id}/handoff`, { reason: word }, own),
        () => api.call('POST', `/inbox/${id}/take`, {}, staff),
        () => api.call('POST', `/inbox/${id}/note`, { content: word }, staff),
        exported,
        () => api.call('POST', '/chat/send', { content: word, conversation_id: id }, own),
        () => api.call('PATCH', '/users/me', { last_name: word }, own),
        () => erase(user, { password: PASSWORD }),
        () => erase(user, { password: PASSWORD }),
      ];
      // Each round begins with another act.
      const [met] = await Promise.all([
        Promise.all([...acts.slice(round), ...acts.slice(0, round)].map((act) => act())),
        erasure(),
      ]);
      expect(met.map(({ status }) => status).filter((status) => status >= 500)).to.deep.equal([]);
      for (const run of await knex('runs').where({ user_id: user.id })) await announce(Number(run.id));
      await erasure();
      const receipts = new Set(
        met.flatMap(({ body }) => (body?.receipt === undefined ? [] : [body.receipt])),
      );
      expect([...receipts], `round ${round}, run ${run_id}`).to.have.length(1);
      expect((await receipt([...receipts][0])).status).to.equal('erased');
      expect(await rowsOf(user.id)).to.equal(0);
      if (!onNative) continue;
      const dump = await dumpOf(process.env.DATABASE_URL ?? '');
      expect(dump.filter((line) => line.includes(word))).to.deep.equal([]);
    }
  });

  it('leaves no log, job or counter of theirs in Redis', async () => {
    const user = await buildUser();
    await talked(user);
    const [run] = await rows<{ id: number }>('SELECT id FROM runs WHERE user_id = :id', user);
    const jobId = `run-${run?.id}-1`;
    await queues.completion.add('completion', { run_id: run?.id ?? 0 }, { jobId });
    const theirs = () => keysNaming(redis, user.id, [run?.id ?? 0]);
    const before = (await theirs()).map((key) => key.replace(/:user:.*/, ':user'));
    expect(before).to.include.members([
      `run:{${run?.id}}:log`,
      'limit:send:user',
      `bull:completion:${jobId}`,
    ]);
    await erase(user, { password: PASSWORD });
    await erasure();
    expect(await theirs()).to.deep.equal([]);
  });

  it('takes them out of the audit log, whose chain still verifies', async () => {
    const [admin, user] = [await buildUser({ role: 'admin' }), await buildUser()];
    await api.call('GET', `/users/${user.id}`, undefined, { token: admin.access });
    await api.call('GET', '/users?limit=5', undefined, { token: admin.access });
    await rows('SELECT chain_audit_log(10000)');
    // The random ids of erased parts may hold any number.
    const theirs = `SELECT id FROM audit_entries WHERE actor_id = :id OR subject_id = :id
      OR (details - 'parts')::text ~ ('[^0-9]' || :id || '[^0-9]')`;
    expect((await rows(theirs, user)).length).to.be.greaterThan(0);
    await erase(user, { password: PASSWORD });
    await erasure();
    expect(await rows(theirs, user)).to.deep.equal([]);
    await rows('SELECT chain_audit_log(10000)');
    expect(await verifyAuditLog(null)).to.not.have.property('fault');
    const refused = await rows('UPDATE audit_log SET actor_id = NULL, redacted = true').catch(
      (err: Error) => err.message,
    );
    expect(refused).to.include('append-only');
  });

  it('is repeated on a backup that brought the account back, under the same receipt', async () => {
    const user = await buildUser();
    await talked(user);
    const [before] = await rows<Record<string, unknown>>('SELECT * FROM users WHERE id = :id', user);
    const { body } = await erase(user, { password: PASSWORD });
    await erasure();
    await knex.raw('? OVERRIDING SYSTEM VALUE ?', [
      knex.raw('INSERT INTO users (??)', [Object.keys(before ?? {})]),
      knex.raw(
        `VALUES (${Object.keys(before ?? {})
          .map(() => '?')
          .join(', ')})`,
        Object.values(before ?? {}) as string[],
      ),
    ]);
    const entry = (await ledger()).find((one) => one.receipt === body.receipt);
    expect(entry).to.have.keys('receipt', 'pseudonym', 'requested_at');
    if (entry === undefined) return;
    expect(await eraseAgain(entry)).to.equal(true);
    await erasure();
    expect([await rowsOf(user.id), await eraseAgain(entry)]).to.deep.equal([0, false]);
    expect((await receipt(body.receipt)).status).to.equal('erased');
  });

  it('ends where the key of receipts cannot be read any more: a new one signs, and earlier receipts verify', async () => {
    const [first, second] = [await buildUser(), await buildUser()];
    const before = (await erase(first, { password: PASSWORD })).body.receipt;
    await erasure();
    const unreadable = 'v1.gone.AAAA.AAAA';
    await knex('receipt_keys').update({ sealed: unreadable });
    const after = (await erase(second, { password: PASSWORD })).body.receipt;
    await erasure();
    const [earlier, later] = [await receipt(before), await receipt(after)];
    expect(later.status).to.equal('erased');
    expect(later.public_key).to.not.equal(earlier.public_key);
    for (const one of [earlier, later]) expect(isGenuine(one, String(one.public_key))).to.equal(true);
    expect(await knex('receipt_keys').whereNot({ sealed: unreadable })).to.have.length(1);
  });

  it('is unknown under a receipt that nobody was given', async () => {
    for (const one of ['x'.repeat(32), 'short', '%00'])
      expect((await api.call('GET', `/erasures/${one}`)).status).to.be.oneOf([400, 404]);
  });
});
