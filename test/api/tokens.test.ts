import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { signBoard } from '../../shared/accounts/tokens.ts';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser, forgeToken } from '../support/factories.ts';

const [SECRET] = env.JWT_SECRET as [string];
const kidOf = (secret: string) => createHash('sha256').update(secret).digest('hex').slice(0, 16);

describe('access tokens', () => {
  const api = servedApi();
  let user: BuiltUser;
  before(async () => {
    user = await buildUser();
  });

  const me = (token: string) => api.call('GET', '/users/me', undefined, { token });
  const codeOf = async (token: string) => (await me(token)).body.code ?? 'let in';

  /** Signs any header and payload, text or value, with our secret. */
  function signRaw(header: unknown, payload: unknown = jwt.decode(user.access), secret = SECRET): string {
    const part = (value: unknown) =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    const said = `${part(header)}.${part(payload)}`;
    return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`;
  }

  it('name their key, issuer and audience', () => {
    const { header, payload } = jwt.decode(user.access, { complete: true }) as jwt.Jwt;
    expect(header).to.deep.equal({ alg: 'HS256', typ: 'JWT', kid: kidOf(SECRET) });
    expect(payload).to.include({ iss: 'parley', aud: 'parley-api', type: 'access' });
    expect(payload).to.have.all.keys('sub', 'sid', 'email', 'role', 'type', 'iat', 'exp', 'iss', 'aud');
  });

  it('are accepted with a kid of ours or without one', async () => {
    expect(await codeOf(forgeToken(user, {}, SECRET, { keyid: kidOf(SECRET) }))).to.equal('let in');
    expect(await codeOf(forgeToken(user))).to.equal('let in');
    expect(await codeOf(signRaw({ alg: 'HS256' }))).to.equal('let in');
  });

  it('are refused with any other kid, though the signature is right', async () => {
    const tricks = [
      'f'.repeat(16),
      '',
      '../../dev/null',
      '/proc/self/environ',
      "x' UNION SELECT 'secret",
      kidOf(SECRET).toUpperCase(),
      0,
      null,
      true,
      [kidOf(SECRET)],
      { kid: kidOf(SECRET) },
    ];
    for (const kid of tricks)
      expect(await codeOf(signRaw({ alg: 'HS256', typ: 'JWT', kid })), JSON.stringify(kid)).to.equal(
        'unauthenticated',
      );
  });

  it('are refused under a kid of ours when another secret of ours signed', async () => {
    env.JWT_SECRET.push('second');
    try {
      const swapped = forgeToken(user, {}, 'second', { keyid: kidOf(SECRET) });
      expect(await codeOf(swapped)).to.equal('unauthenticated');
      expect(await codeOf(forgeToken(user, {}, 'second', { keyid: kidOf('second') }))).to.equal('let in');
      expect(await codeOf(forgeToken(user, {}, 'second'))).to.equal('let in');
    } finally {
      env.JWT_SECRET.pop();
    }
    expect(await codeOf(forgeToken(user, {}, 'second', { keyid: kidOf('second') }))).to.equal(
      'unauthenticated',
    );
  });

  it('are refused with no algorithm, another one, or a public key as the secret', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const [head, body] = user.access.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const forged = [
      `${none}.${body}.`,
      `${none}.${body}`,
      `${head}.${body}.`,
      signRaw({ alg: 'none' }),
      signRaw({ alg: 'NONE' }),
      signRaw({ alg: 'hs256' }),
      signRaw({ alg: ['HS256'] }),
      signRaw({}),
      signRaw({ alg: 'RS256' }),
      forgeToken(user, {}, rsa.privateKey, { algorithm: 'RS256' }),
      forgeToken(user, {}, SECRET, { algorithm: 'HS384' }),
      signRaw({ alg: 'HS256', typ: 'JWT' }, undefined, pem),
      signRaw({ alg: 'HS256', typ: 'JWT' }, undefined, ''),
    ];
    for (const token of forged) expect(await codeOf(token), token.slice(0, 40)).to.equal('unauthenticated');
  });

  it('are refused with a malformed header', async () => {
    for (const header of ['5', 'null', '[]', '"x"', 'true'])
      expect(await codeOf(`${Buffer.from(header).toString('base64url')}.e30.x`), header).to.equal(
        'unauthenticated',
      );
  });

  it('are refused with unknown header fields', async () => {
    const headers: object[] = [
      { crit: ['exp'] },
      { jku: 'https://example.com/keys' },
      { jwk: { kty: 'oct', k: 'AA' } },
      { x5u: 'https://example.com/cert' },
      { b64: false },
      { zip: 'DEF' },
      { typ: 'at+jwt' },
      { typ: 1 },
    ];
    for (const more of headers)
      expect(await codeOf(signRaw({ alg: 'HS256', ...more })), JSON.stringify(more)).to.equal(
        'unauthenticated',
      );
  });

  it('are refused from another issuer, for another audience, or of another type', async () => {
    const claims: object[] = [
      { iss: 'somebody' },
      { iss: undefined },
      { iss: ['parley'] },
      { aud: 'parley-board' },
      { aud: 'PARLEY-API' },
      { aud: undefined },
      { type: 'refresh' },
      { type: 'board' },
      { type: ['access'] },
    ];
    for (const claim of claims)
      expect(
        await codeOf(signRaw({ alg: 'HS256' }, { ...(jwt.decode(user.access) as object), ...claim })),
      ).to.equal('unauthenticated');
    expect(await codeOf(user.refresh)).to.equal('unauthenticated');
    const admin = await buildUser({ role: 'admin' });
    expect(await codeOf(signBoard(admin.id, admin.sid, 60))).to.equal('unauthenticated');
    const cookie = `parley_board=${admin.access}`;
    const board = await fetch(`${api.url}/admin/queues`, { headers: { cookie }, redirect: 'manual' });
    expect(board.status).to.equal(401);
  });

  it('are refused when they are malformed', async () => {
    const odd = [
      '.',
      '..',
      'a.b',
      'a.b.c.d',
      signRaw('null'),
      signRaw('[]'),
      signRaw('{"alg":'),
      signRaw({ alg: 'HS256' }, 'text'),
      signRaw({ alg: 'HS256' }, '[]'),
      signRaw({ alg: 'HS256' }, 'null'),
      signRaw({ alg: 'HS256' }, { ...(jwt.decode(user.access) as object), exp: '9999999999' }),
      signRaw('{"alg":"HS256","__proto__":{"kid":"x"}}'),
      `${user.access}=`,
      user.access.repeat(20),
    ];
    for (const token of odd) expect(await codeOf(token), token.slice(0, 60)).to.equal('unauthenticated');
  });

  it('are reported as expired only when signature, kid and type are right', async () => {
    const late = { expiresIn: -1 } as const;
    expect(await codeOf(forgeToken(user, {}, SECRET, { ...late, keyid: kidOf(SECRET) }))).to.equal(
      'token_expired',
    );
    expect(await codeOf(forgeToken(user, {}, SECRET, { ...late, keyid: 'other' }))).to.equal(
      'unauthenticated',
    );
    expect(await codeOf(forgeToken(user, {}, 'guess', late))).to.equal('unauthenticated');
  });

  it('carry no role: role and consent come from the account', async () => {
    const claimed = forgeToken(user, { role: 'admin', email: 'root@example.com' });
    expect((await me(claimed)).body).to.include({ role: 'user', email: user.email });
    expect((await api.call('GET', '/users', undefined, { token: claimed })).status).to.equal(403);
    await knex('users').where({ id: user.id }).update({ role: 'admin' });
    expect((await api.call('GET', '/users', undefined, { token: user.access })).status).to.equal(200);
    await knex('users').where({ id: user.id }).update({ role: 'user' });
    expect((await api.call('GET', '/users', undefined, { token: user.access })).status).to.equal(403);
  });
});
