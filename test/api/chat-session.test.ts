import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildSession, buildUser } from '../support/factories.ts';
import { servedWeb } from '../support/web.ts';

describe('a message of somebody who was signed out', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const post = (body: object, token = user.access, headers = {}) =>
    api.call('POST', '/chat/send', body, { token, headers });
  const left = ({ headers }: Awaited<ReturnType<typeof post>>) =>
    /"minute";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  const messages = () => knex('messages').where({ user_id: user.id }).pluck('content');

  it('is refused before all else, stored nowhere and not counted', async () => {
    const { access } = await buildSession(user);
    const first = await post({ content: 'before' }, access, { 'idempotency-key': 'k' });
    expect(first.status).to.equal(202);
    expect((await api.call('POST', '/auth/logout', {}, { token: access })).status).to.be.below(300);
    const refused = [
      await post({ content: 'after' }, access),
      await post({ content: 'after', language: 'de' }, access, { 'idempotency-key': 'new' }),
      await post({ content: 'before' }, access, { 'idempotency-key': 'k' }),
      await post({ content: '' }, access),
      await post({ content: 'x', conversation_id: 999_999_999 }, access),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).to.deep.equal(
      refused.map(() => [401, 'unauthenticated']),
    );
    const next = await post({ content: 'of another device' });
    expect(Number(left(first)) - Number(left(next))).to.equal(1);
    expect(await messages()).to.have.members(['before', '', 'of another device', '']);
  });

  it('is refused where the account is suspended, also a message that was stored', async () => {
    expect(
      (await post({ content: 'Hi', language: 'en' }, user.access, { 'idempotency-key': 'k' })).status,
    ).to.equal(202);
    await knex('users').where({ id: user.id }).update({ status: 'suspended' });
    const again = await post({ content: 'Hi', language: 'en' }, user.access, { 'idempotency-key': 'k' });
    expect([again.status, again.body.code]).to.deep.equal([401, 'unauthenticated']);
  });

  it('is refused at once on a socket that is still open', async () => {
    const { access, sid } = await buildSession(user);
    const device = await connectDevice(api.url, access);
    await knex('sessions').where({ id: sid }).update({ revoked_at: new Date() });
    const answer = await device.ask('message', { content: 'after' }).catch((err: unknown) => err);
    device.close();
    expect(JSON.stringify(answer)).to.contain('unauthenticated');
    expect(await messages()).to.deep.equal([]);
  });
});
