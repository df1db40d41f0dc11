import * as argon2 from '@node-rs/argon2';
import * as bcrypt from '@node-rs/bcrypt';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { whenFree } from '../../shared/accounts/whenFree.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

describe('passwords', () => {
  const api = servedApi();
  let registered = 0;

  const register = (fields: object) => {
    const name = `someone${++registered}`;
    const body = {
      email: `${name}@example.com`,
      username: name,
      password: PASSWORD,
      gdpr_consent: true,
      ...fields,
    };
    return api.call('POST', '/auth/register', body);
  };
  const login = (email: string, password: string) => api.call('POST', '/auth/login', { email, password });
  const fault = ({ status, body }: Answer) => [status, (body.errors as { path: string }[])?.[0]?.path];
  const hashOf = async (id: number) =>
    (await knex('users').where({ id }).first('hashed_password')).hashed_password;
  /** Adds an account with a hash of an older system. */
  const imported = async (password: string, version: '2a' | '2b' | '2y' = '2b') => {
    const user = await buildUser();
    // The letter names the program's version; all compute the same hash.
    const hashed_password = bcrypt.hashSync(password, 4).replace(/^\$2\w/, () => `$${version}`);
    await knex('users').where({ id: user.id }).update({ hashed_password });
    return user;
  };

  describe('that are common', () => {
    const COMMON = ['password', '12345678', 'Password1', 'QWERTYUIOP', 'iloveyou', 'sunshine', 'trustno1'];

    it('are refused at registration, regardless of case', async () => {
      for (const password of COMMON)
        expect(fault(await register({ password })), password).to.deep.equal([400, '/password']);
    });

    it('are refused when they are only our name', async () => {
      for (const password of ['parley123', '!!Parley!!', '2026-PARLEY'])
        expect(fault(await register({ password })), password).to.deep.equal([400, '/password']);
      expect((await register({ password: 'let us parley' })).status).to.equal(201);
    });

    it('are refused at a change', async () => {
      const { access } = await buildUser();
      const change = { current_password: PASSWORD, new_password: 'baseball1' };
      const answer = await api.call('POST', '/users/me/password', change, { token: access });
      expect(fault(answer)).to.deep.equal([400, '/new_password']);
      expect(answer.body.errors).to.deep.equal([{ path: '/new_password', message: 'must be less common' }]);
    });

    it('do not bar longer passwords that contain them, and still sign in where they were set', async () => {
      for (const password of ['password of mine', 'Passw0rd!23', ' password', 'correct horse battery'])
        expect((await register({ password })).status, password).to.equal(201);
      const user = await imported('password');
      expect((await login(user.email, 'password')).status).to.equal(200);
    });
  });

  describe('of every script', () => {
    it('are equal however their accents are typed, and nothing else is folded', async () => {
      const { body } = await register({ password: 'crème brûlée' });
      const { email } = body.user as { email: string };
      expect((await login(email, 'crème brûlée'.normalize('NFD'))).status).to.equal(200);
      for (const other of ['Crème brûlée', 'creme brulee', 'crème brûlée ', 'cre\u0300me bru\u0302le\u0302e'])
        expect((await login(email, other)).status, other).to.equal(401);
      const wide = await register({ password: 'ﬁrewalls' });
      expect((await login((wide.body.user as { email: string }).email, 'firewalls')).status).to.equal(401);
    });

    it('are measured by visible characters, not by how they are typed', async () => {
      expect(fault(await register({ password: 'é'.repeat(4).normalize('NFD') }))).to.deep.equal([
        400,
        '/password',
      ]);
      expect((await register({ password: 'é'.repeat(8).normalize('NFD') })).status).to.equal(201);
    });

    it('count to the last byte: two of 73 bytes that share 72 differ', async () => {
      const [one, two] = [`${'x'.repeat(72)}1`, `${'x'.repeat(72)}2`];
      const { email } = (await register({ password: one })).body.user as { email: string };
      expect((await login(email, two)).status).to.equal(401);
      expect((await login(email, one)).status).to.equal(200);
    });

    it('must not contain NUL, which would end them early in other systems', async () => {
      expect((await register({ password: 'long enough\0 and more' })).status).to.equal(400);
      const user = await imported('long enough');
      expect((await login(user.email, 'long enough\0')).status).to.equal(400);
    });
  });

  describe('of an older system', () => {
    for (const version of ['2a', '2b', '2y'] as const)
      it(`match their bcrypt hash ($${version}$), which becomes argon2id`, async () => {
        const user = await imported(PASSWORD, version);
        expect((await login(user.email, 'not my password')).status).to.equal(401);
        expect(await hashOf(user.id)).to.match(new RegExp(`^\\$${version}\\$04\\$`));
        expect((await login(user.email, PASSWORD)).status).to.equal(200);
        const hash = await hashOf(user.id);
        expect(hash).to.match(/^\$argon2id\$v=19\$m=47104,t=3,p=1\$/);
        expect((await login(user.email, PASSWORD)).status).to.equal(200);
        expect(await hashOf(user.id)).to.equal(hash);
      });

    it('of 73 bytes match by their first 72 until their first use', async () => {
      const [one, two] = [`${'x'.repeat(72)}1`, `${'x'.repeat(72)}2`];
      const user = await imported(one);
      expect((await login(user.email, 'x'.repeat(71))).status).to.equal(401);
      expect((await login(user.email, one)).status).to.equal(200);
      expect((await login(user.email, two)).status).to.equal(401);
    });

    it('are rehashed from another cost, and a malformed hash lets nobody in', async () => {
      const user = await buildUser();
      const hashed_password = argon2.hashSync(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
      await knex('users').where({ id: user.id }).update({ hashed_password });
      expect((await login(user.email, PASSWORD)).status).to.equal(200);
      expect(await hashOf(user.id)).to.include('m=47104,t=3');
      for (const nothing of ['', '!', PASSWORD, '$2b$04$short', '$argon2id$', '$1$abc$def']) {
        await knex('users').where({ id: user.id }).update({ hashed_password: nothing });
        expect((await login(user.email, PASSWORD)).status, nothing).to.equal(401);
      }
    });

    /** Returns the answer of `work` when the account's hash changes while it waits for the account's row. */
    const rehashedMeanwhile = async (id: number, work: () => Promise<Answer>) => {
      const { answer } = await knex.transaction(async (trx) => {
        await trx('users').where({ id }).forUpdate();
        const answer = work();
        await waitingForLock();
        const hashed_password = argon2.hashSync(PASSWORD, { memoryCost: 64, timeCost: 1, parallelism: 1 });
        await trx('users').where({ id }).update({ hashed_password });
        // Wrapped in an object: an await here would wait for the commit.
        return { answer };
      });
      return answer;
    };

    itNative('sign their owner in when another sign-in has rehashed them meanwhile', async () => {
      const user = await buildUser();
      expect((await rehashedMeanwhile(user.id, () => login(user.email, PASSWORD))).status).to.equal(200);
    });

    itNative('can be changed when a sign-in has rehashed them meanwhile', async () => {
      const { id, email, access } = await buildUser();
      const body = { current_password: PASSWORD, new_password: 'battery staple' };
      const change = () => api.call('POST', '/users/me/password', body, { token: access });
      expect((await rehashedMeanwhile(id, change)).status).to.equal(204);
      expect((await login(email, 'battery staple')).status).to.equal(200);
    });
  });

  describe('being checked', () => {
    const others = async (n: number) => {
      const { access } = await buildUser();
      for (let i = 0; i < n; i++)
        expect((await api.call('GET', '/users/me', undefined, { token: access })).status).to.equal(200);
    };

    it('do not delay other requests', async () => {
      let answered = 0;
      const crowd = Array.from({ length: 30 }, (_, i) => login(`nobody${i}@example.com`, PASSWORD));
      for (const one of crowd) void one.then(() => (answered += 1));
      await Promise.race(crowd);
      await others(5);
      expect(answered, 'sign-ins answered before five other requests').to.be.lessThan(crowd.length);
      for (const { status } of await Promise.all(crowd)) expect(status).to.equal(401);
    });

    before(async () => {
      await knex.raw(
        `INSERT INTO users (email, username, hashed_password, gdpr_consent)
         SELECT 'crowd' || i || '@example.com', 'crowd' || i, hashed_password, true
         FROM generate_series(1, 120) i, (SELECT hashed_password FROM users WHERE id = ?) AS cheap`,
        [(await buildUser()).id],
      );
    });

    it('wait outside the line when their address fills its half of it', async () => {
      const free = Promise.withResolvers<void>();
      const busy = Array.from({ length: 52 }, () => whenFree(() => free.promise));
      const crowd = Array.from({ length: 120 }, (_, i) => login(`crowd${i + 1}@example.com`, 'not mine'));
      await others(20);
      free.resolve();
      await Promise.all(busy);
      for (const { status } of await Promise.all(crowd)) expect(status).to.equal(401);
    });

    it('wait in a line of limited length', async () => {
      const free = Promise.withResolvers<void>();
      // 40 places are left.
      const busy = Array.from({ length: 62 }, () => whenFree(() => free.promise));
      let answered = 0;
      const crowd = Array.from({ length: 120 }, (_, i) =>
        login(`crowd${i + 1}@example.com`, 'not my password'),
      );
      for (const one of crowd) void one.then(() => (answered += 1));
      const refusals = crowd.map(async (one) => expect((await one).status).to.equal(503));
      await Promise.any(refusals);
      await others(20);
      expect(answered, 'answers while nobody’s turn came').to.be.at.most(80);

      // All 120 have arrived when the line is full and the rest is refused.
      while (answered < 80) await others(1);
      free.resolve();
      await Promise.all(busy);
      await Promise.allSettled(refusals);
      const answers = await Promise.all(crowd);
      const refused = answers.filter(({ status }) => status === 503);
      expect(refused).to.have.length(80);
      for (const { headers } of refused) expect(headers.get('retry-after')).to.equal('5');
      expect(answers.filter(({ status }) => status === 401)).to.have.length(40);
    });
  });

  describe('and names', () => {
    it('an address is the same in any case and with spaces around it', async () => {
      const { status } = await register({ email: 'Grace.Hopper@Example.com', username: 'grace' });
      expect(status).to.equal(201);
      for (const email of [
        'grace.hopper@example.com',
        ' GRACE.HOPPER@EXAMPLE.COM ',
        '\u00a0grace.hopper@example.com\u2003',
      ])
        expect((await register({ email })).body, email).to.include({ status: 409, code: 'already_exists' });
    });

    it('letters that look or fold like ASCII letters are refused', async () => {
      // The long s, the Kelvin sign, the dotted capital and the dotless small i, a Cyrillic a, two full-width
      // characters, an accent in one and in two characters, and two invisible characters.
      const letters = '\u017f \u212a \u0130 \u0131 \u0430 \uff41 \uff20 \u00e9 e\u0301 \u200b \u202e'.split(
        ' ',
      );
      for (const odd of letters) {
        expect(fault(await register({ email: `gra${odd}ce@example.com` })), odd).to.deep.equal([
          400,
          '/email',
        ]);
        expect(fault(await register({ username: `gra${odd}ce` })), odd).to.deep.equal([400, '/username']);
      }
      for (const odd of ['\0', '\ud800']) {
        expect((await register({ email: `grace${odd}@example.com` })).status).to.equal(400);
        expect((await login(`grace${odd}`, PASSWORD)).status).to.equal(400);
      }
    });

    it('a letter that folds to an ASCII letter signs nobody in', async () => {
      const user = await buildUser({ username: 'kisski', email: 'kisski@example.com' });
      for (const name of ['KISSKI', 'KissKi@EXAMPLE.com'])
        expect((await login(name, PASSWORD)).body.user, name).to.include({ id: user.id });
      const alike = [
        '\u212aiss\u212ai',
        'ki\u017f\u017fki',
        'k\u0131ssk\u0131',
        'k\u0130ssk\u0130',
        'ki\u0455\u0455ki',
      ];
      for (const name of [...alike, 'kisski\u200b', 'kisski%', 'kiss_i'])
        expect((await login(name, PASSWORD)).status, name).to.equal(401);
    });

    it('the database enforces unique names in the same way', async () => {
      const user = await buildUser({ email: 'iris@example.com' });
      const { username } = user;
      for (const fields of [{ email: 'IRIS@EXAMPLE.COM' }, { username: username.toUpperCase() }]) {
        const failure = await buildUser(fields).catch((err: { code: string }) => err.code);
        expect(failure).to.equal('23505');
      }
    });
  });
});

async function waitingForLock(): Promise<void> {
  const asked = 'SELECT FROM pg_locks WHERE NOT granted';
  for (let waiting = 0; waiting === 0; )
    waiting = ((await knex.raw(asked)) as { rows: object[] }).rows.length;
}
