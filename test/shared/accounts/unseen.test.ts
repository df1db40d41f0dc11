import { expect } from 'chai';
import { knex } from '../../../db/knex.ts';
import { rateReply } from '../../../db/models/reply.ts';
import { claimRun } from '../../../db/models/run.ts';
import { eraseUnseenGuests } from '../../../shared/accounts/unseen.ts';
import { erasureFailures } from '../../../shared/ops/metrics.ts';
import { redis, untilReady } from '../../../shared/delivery/redis.ts';
import { type BuiltUser, buildGuest, buildUser } from '../../support/factories.ts';
import { itNative } from '../../support/native.ts';
import { playWorker, type Sent, send, serveWeb } from '../../support/web.ts';
import type { Api } from '../../support/api.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
const TABLES = [
  'users',
  'sessions',
  'refresh_tokens',
  'conversations',
  'messages',
  'runs',
  'message_feedback',
];

describe('a guest who was not seen for RETENTION_GUESTS_DAYS', () => {
  let api: Api;
  let guest: BuiltUser;
  before(async () => {
    await untilReady(redis);
    api = await serveWeb();
  });
  beforeEach(async () => {
    guest = await buildGuest();
  });
  // One test's guests are not the next one's.
  afterEach(async () => {
    await knex('runs')
      .whereNull('completed_at')
      .update({ status: 'cancelled', completed_at: new Date(), lease_until: null });
    await knex('runs').update({ announced_at: new Date() });
    await knex('users').where({ role: 'guest' }).delete();
  });
  after(() => api.close());

  async function unseen(days: number, who = guest): Promise<void> {
    await knex('users')
      .where({ id: who.id })
      .update({ created_at: ago(days) });
    await knex('sessions')
      .where({ user_id: who.id })
      .update({ last_used_at: ago(days) });
  }
  /** A question of somebody with its answer, rated and with a vector. */
  async function answered(who: BuiltUser, body: object = {}): Promise<Sent> {
    const sent = await send(api, who, body);
    const worker = await playWorker(who, sent);
    await worker.say('Hello');
    await worker.finish();
    await worker.announce();
    await rateReply(sent.reply_id, who.id, { rating: 'up', comment: null });
    return sent;
  }
  const rowsOf = async (userId: number) => {
    const counts: Record<string, number> = {};
    for (const table of TABLES) {
      const rows = await knex(table).where({ [table === 'users' ? 'id' : 'user_id']: userId });
      if (rows.length > 0) counts[table] = rows.length;
    }
    return counts;
  };
  const nothing = { guests_retired: 0, guests_erased: 0, guest_messages: 0 };

  it('is erased: rows, vectors and run logs; nobody else’s', async () => {
    const other = await buildUser();
    const theirs = await answered(other);
    const sent = await answered(guest);
    await answered(guest, { conversation_id: sent.conversation_id });
    await answered(guest);
    await unseen(31);
    const before = await rowsOf(other.id);
    expect(await redis.exists(`run:{${sent.run_id}}:log`)).to.equal(1);
    expect(await eraseUnseenGuests(500)).to.deep.equal({
      guests_retired: 1,
      guests_erased: 1,
      guest_messages: 6,
    });
    expect(await rowsOf(guest.id)).to.deep.equal({});
    expect(await redis.exists(`run:{${sent.run_id}}:log`)).to.equal(0);
    expect(await rowsOf(other.id)).to.deep.equal(before);
    expect(await redis.exists(`run:{${theirs.run_id}}:log`)).to.equal(1);
    expect(await eraseUnseenGuests(500)).to.deep.equal(nothing);
  });

  it('is erased although an older one fails: that one waits, longer each time, and is counted', async () => {
    const stuck = guest;
    const others = [await buildGuest(), await buildGuest()];
    for (const one of [stuck, ...others]) await unseen(31, one);
    await knex.raw(`CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse_it BEFORE DELETE ON users FOR EACH ROW WHEN (OLD.id = ${stuck.id}) EXECUTE FUNCTION refuse_it()`);
    const failures = async () => {
      const { values } = await erasureFailures.get();
      return values.find(({ labels }) => labels.kind === 'guest')?.value ?? 0;
    };
    const before = await failures();
    // One place a pass: the failing one must not take it for good.
    for (let pass = 0; pass < 4; pass += 1) await eraseUnseenGuests(1);
    expect(
      await knex('users')
        .whereIn(
          'id',
          [stuck, ...others].map(({ id }) => id),
        )
        .pluck('id'),
    ).to.deep.equal([stuck.id]);
    expect((await failures()) - before).to.equal(1);
    await knex('erasure_failures').update({ not_before: knex.fn.now() });
    await eraseUnseenGuests(1);
    const [waits] = await knex('erasure_failures').select(
      'tries',
      knex.raw('not_before - failed_at AS wait'),
    );
    expect(waits).to.deep.include({ tries: 2 });
    expect(waits.wait.minutes).to.equal(1);
    await knex.raw('DROP FUNCTION refuse_it CASCADE');
    await knex('erasure_failures').update({ not_before: knex.fn.now() });
    expect(await eraseUnseenGuests(1)).to.include({ guests_erased: 1 });
    expect(await knex('erasure_failures')).to.deep.equal([]);
  });

  it('is the only one: guests who were seen, users and vouched accounts stay', async () => {
    const [young, back, user] = [await buildGuest(), await buildGuest(), await buildUser()];
    const [{ id: vouched }] = await knex('users')
      .insert({ external_id: 'old', created_at: ago(900) })
      .returning('id');
    await unseen(29, young);
    await unseen(900, back);
    await knex('sessions')
      .where({ user_id: back.id })
      .update({ last_used_at: ago(29) });
    await unseen(900, user);
    await unseen(31);
    expect(await eraseUnseenGuests(500)).to.include({ guests_retired: 1, guests_erased: 1 });
    const ids = [guest.id, young.id, back.id, user.id, vouched];
    expect(await knex('users').whereIn('id', ids).orderBy('id').pluck('id')).to.deep.equal(
      [young.id, back.id, user.id, vouched].toSorted((a, b) => a - b),
    );
  });

  it('is erased even after it was suspended', async () => {
    await unseen(31);
    await knex('users').where({ id: guest.id }).update({ status: 'suspended' });
    expect(await eraseUnseenGuests(500)).to.include({ guests_retired: 1, guests_erased: 1 });
  });

  it('is seen by a refresh, with or without the rest of the sessions', async () => {
    await unseen(31);
    await api.call('POST', '/auth/refresh', { refresh_token: guest.refresh });
    expect(await eraseUnseenGuests(500)).to.deep.equal(nothing);
    await api.call('POST', '/auth/logout', {}, { token: guest.access });
    expect(await eraseUnseenGuests(500)).to.deep.equal(nothing);
  });

  it('is removed in pieces of a batch, and nobody signs in as it meanwhile', async () => {
    for (let i = 0; i < 5; i += 1) await answered(guest);
    await unseen(31);
    const passes = [];
    for (let i = 0; i < 4; i += 1) passes.push(await eraseUnseenGuests(4));
    expect(passes.map(({ guest_messages }) => guest_messages)).to.deep.equal([4, 4, 2, 0]);
    expect(passes.map(({ guests_retired }) => guests_retired)).to.deep.equal([1, 0, 0, 0]);
    expect(passes.reduce((sum, { guests_erased }) => sum + guests_erased, 0)).to.be.at.most(1);
    while ((await eraseUnseenGuests(4)).guests_erased > 0);
    expect(await rowsOf(guest.id)).to.deep.equal({});

    const another = await buildGuest();
    for (let i = 0; i < 3; i += 1) await answered(another);
    await unseen(31, another);
    await eraseUnseenGuests(2);
    const me = await api.call('GET', '/users/me', undefined, { token: another.access });
    expect(me.status).to.equal(401);
    const again = await api.call('POST', '/auth/refresh', { refresh_token: another.refresh });
    expect(again.status).to.equal(401);
  });

  it('has its waiting runs ended and announced first, and waits for the one that is on', async () => {
    const first = await send(api, guest);
    const waiting = await send(api, guest, { conversation_id: first.conversation_id });
    const claim = await claimRun(first.run_id, { leaseMs: 60_000, crashLimit: 3 });
    expect(claim.outcome).to.equal('claimed');
    await unseen(31);
    expect(await eraseUnseenGuests(500)).to.deep.equal({ ...nothing, guests_retired: 1 });
    const [on, ended] = await knex('runs').whereIn('id', [first.run_id, waiting.run_id]).orderBy('id');
    expect(on).to.include({ status: 'in_progress' });
    expect(on.cancel_requested_at).to.be.a('date');
    expect(ended).to.include({ status: 'cancelled' });
    expect(ended.announced_at).to.be.a('date');
    await knex('runs')
      .where({ id: first.run_id })
      .update({ status: 'cancelled', lease_until: null, completed_at: new Date() });
    // Not announced yet.
    expect(await eraseUnseenGuests(500)).to.deep.equal(nothing);
    await knex('runs').where({ id: first.run_id }).update({ announced_at: new Date() });
    expect(await eraseUnseenGuests(500)).to.include({ guests_erased: 1 });
    expect(await rowsOf(guest.id)).to.deep.equal({});
  });

  it('leaves no suggestion of its questions alone, and no vector of them in one that others asked too', async () => {
    const other = await buildUser();
    const vector = (place: number) =>
      JSON.stringify([...Array<number>(1536)].map((_, i) => Number(i === place)));
    const group = async (who: BuiltUser, place: number, similarity: number) => {
      const { message_id } = await answered(who);
      await knex('faq_gaps').insert({ message_id, reason: 'no_passage' });
      await knex.raw(`SELECT group_faq_gap(?, 'en', CAST(? AS vector), 'test', ?)`, [
        message_id,
        vector(place),
        similarity,
      ]);
      return (await knex('faq_gaps').where({ message_id }).first()).suggestion_id as number;
    };
    const alone = await group(guest, 1, 2);
    const shared = await group(guest, 2, 2);
    // Any similarity joins the nearest one: that of place 2, by its own vector.
    await knex('faq_suggestions').where({ id: alone }).update({ embedding_model: 'apart' });
    expect(await group(other, 3, -1)).to.equal(shared);
    await unseen(31);
    await eraseUnseenGuests(500);
    const left = await knex('faq_suggestions').whereIn('id', [alone, shared]);
    expect(left.map(({ id, embedding }) => [id, embedding])).to.deep.equal([[shared, vector(3)]]);
    // A worker that was about to group a question of theirs finds nothing to group.
    await knex.raw(`SELECT group_faq_gap(?, 'en', CAST(? AS vector), 'late', 2)`, [1_000_000, vector(4)]);
    expect(await knex('faq_suggestions').where({ embedding_model: 'late' })).to.deep.equal([]);
  });

  itNative(
    'is not erased when it registers first, nor half of it when two processes tidy at once',
    async () => {
      const register = (token: string, name: string) =>
        api.call(
          'POST',
          '/auth/register',
          { email: `${name}@example.com`, username: name, password: 'correct horse', gdpr_consent: true },
          { token },
        );
      for (let round = 0; round < 5; round += 1) {
        const one = await buildGuest();
        await answered(one);
        await unseen(31, one);
        const [{ status }] = await Promise.all([
          register(one.access, `late${round}_${process.pid}`),
          eraseUnseenGuests(500),
          eraseUnseenGuests(500),
        ]);
        await eraseUnseenGuests(500);
        const left = await rowsOf(one.id);
        if (status === 201) expect(left).to.include({ users: 1, conversations: 1, messages: 2, runs: 1 });
        else expect(left, String(status)).to.deep.equal({});
      }
    },
  );
});
