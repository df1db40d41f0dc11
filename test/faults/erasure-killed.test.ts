import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { knex } from '../../db/knex.ts';
import { verifyAuditLog } from '../../db/models/auditChain.ts';
import { rows } from '../../db/sql.ts';
import { cacheKey, remember } from '../../shared/delivery/cache.ts';
import { queues } from '../../shared/delivery/queues.ts';
import type { Api } from '../support/api.ts';
import { dumpOf, keysOf } from '../support/everywhere.ts';
import { type BuiltUser, buildUser, PASSWORD } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { runCommand } from '../support/own-database.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

const KILLS = 10;
/** The same seed kills at the same statements. */
const SEED = Number(process.env.KILL_SEED ?? randomInt(1_000_000));
const HOW = ['before', 'sent', 'answered'];

(onNative ? describe : describe.skip)(
  `an erasure killed at random statements (KILL_SEED=${SEED})`,
  function () {
    this.timeout(300_000);
    let api: Api;
    let redis: Redis;
    before(async () => {
      api = await serveWeb();
      redis = new Redis(process.env.REDIS_URL ?? '');
    });
    after(async () => {
      redis.disconnect();
      await api.close();
    });

    it('is completed by the next worker: nothing is left, and others keep everything', async () => {
      console.log(`      KILL_SEED=${SEED}`);
      const admin = await buildUser({ role: 'admin' });
      const other = await walked('zqother');
      const before = await kept(other);
      const random = randomFrom(SEED);

      const first = await walked('zqfirst');
      await erase(first);
      const whole = Number(JSON.parse((await once()).stdout).statements);
      expect(whole).to.be.greaterThan(10);
      const words = ['zqfirst', first.email, first.username];
      const receipts: string[] = [];
      for (let i = 0; i < KILLS; i += 1) {
        const user = await walked(`zqwalked${i}x`);
        await api.call('GET', `/users/${user.id}`, undefined, { token: admin.access });
        receipts.push(await erase(user));
        const [at, how] = [
          1 + Math.floor(random() * whole),
          HOW[Math.floor(random() * HOW.length)] ?? 'sent',
        ];
        const killed = await once(at, how);
        const [now] = await rows<{ status: string }>('SELECT status FROM erasures WHERE receipt = :receipt', {
          receipt: receipts.at(-1) ?? '',
        });
        console.log(
          `      killed at ${at} of ${whole}, ${how}: ${killed.stdout === '' ? now?.status : 'not killed'}`,
        );
        expect((await once()).code).to.equal(0);
        words.push(`zqwalked${i}x`, user.email, user.username);
      }
      for (const receipt of receipts) {
        const { body } = await api.call('GET', `/erasures/${receipt}`);
        expect(body.status).to.equal('erased');
        expect(body.erased).to.include({ users: 1, messages: 4, runs: 2, conversations: 2 });
      }
      // The last mails are not sent here: their rows hold the addresses until they are.
      await knex('notifications').where({ kind: 'account_erased' }).delete();
      for (const [place, texts] of [
        ['dump', await dumpOf(process.env.DATABASE_URL ?? '')],
        ['keys', await keysOf(redis)],
      ] as const)
        for (const word of words)
          expect(
            texts.filter((text) => text.includes(word)),
            `${word} in ${place}`,
          ).to.deep.equal([]);
      expect(await kept(other)).to.deep.equal(before);
      await rows('SELECT chain_audit_log(100000)');
      expect(await verifyAuditLog(null)).to.not.have.property('fault');
    });

    const once = (at = 0, how = 'before') =>
      runCommand(process.execPath, ['test/support/eraseOnce.ts', String(at), how], { LOG_LEVEL: 'silent' });

    async function erase({ access }: BuiltUser): Promise<string> {
      const { status, body } = await api.call(
        'DELETE',
        '/users/me',
        { password: PASSWORD },
        { token: access },
      );
      expect(status).to.equal(202);
      return String(body.receipt);
    }

    /** A user with the word in every table that holds words of users, and with values in Redis. */
    async function walked(word: string): Promise<BuiltUser> {
      const user = await buildUser();
      const { id: user_id, sid: session_id } = user;
      for (let i = 0; i < 2; i += 1) {
        const sent = await send(api, user, { content: `${word} ${i}`, metadata: { word } });
        const worker = await playWorker(user, sent);
        await worker.say(word);
        await worker.finish();
        await worker.announce();
        const { conversation_id, message_id, reply_id, run_id } = sent;
        await queues.completion.add('completion', { run_id }, { jobId: `run-${run_id}-1` });
        await knex('message_feedback').insert({
          message_id: reply_id,
          conversation_id,
          user_id,
          rating: 'down',
          comment: word,
        });
        await knex('conversation_notes').insert({ conversation_id, content: word });
        await knex('conversation_summaries').insert({
          conversation_id,
          up_to_id: reply_id,
          content: word,
          model: 'test',
        });
        await knex('faq_gaps').insert({ message_id, reason: 'no_passage' });
        await knex('faqs').insert({
          question: word,
          answer: 'To be written.',
          slug: `${word}-${i}`,
          from_message_id: message_id,
        });
        await knex('notifications').insert({
          kind: 'answer_ready',
          user_id,
          conversation_id,
          message_id: reply_id,
        });
      }
      await knex('mails').insert({ user_id, address: user.email, language: 'en', message_key: word });
      await knex('push_subscriptions').insert({
        user_id,
        session_id,
        endpoint: `https://push.example/${word}`,
        p256dh: word,
        auth: word,
      });
      const [exported] = await knex('exports').insert({ user_id, status: 'ready' }).returning('id');
      await knex('export_chunks').insert({ export_id: exported.id, seq: 0, bytes: Buffer.from(word) });
      await remember(cacheKey('verdict', { user_id }, word), 600, async () => ({ word }));
      await redis.ping();
      return user;
    }

    async function kept({ id }: BuiltUser): Promise<unknown> {
      const theirs = [
        'conversations',
        'messages',
        'runs',
        'sessions',
        'mails',
        'notifications',
        'push_subscriptions',
        'exports',
        'consents',
      ];
      const found = await Promise.all(
        theirs.map((table) => rows(`SELECT * FROM ${table} WHERE user_id = :id ORDER BY id`, { id })),
      );
      const cached = (await keysOf(redis)).filter(
        (key) => key.includes('zqother') && key.startsWith('cache:'),
      );
      return [found, cached, await knex('faqs').where('question', 'zqother')];
    }
  },
);

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
