import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { sealedColumns } from '../../shared/privacy/keys.ts';
import { personalData } from '../../shared/privacy/map.ts';
import { buildUser } from '../support/factories.ts';
import { runCommand } from '../support/own-database.ts';

const [OLD, NEW] = [
  'an old key with more than 32 letters in it',
  'a new key with more than 32 letters in it',
];
/** Seals under the first key, as the processes do. */
const SEAL = `const { seal } = await import('./shared/base/secretBox.ts'); console.log(seal(process.argv[1], process.argv[2]))`;
const OPEN = `const { unseal } = await import('./shared/base/secretBox.ts'); console.log(unseal(process.argv[1], process.argv[2]))`;

describe('npm run keys', function () {
  // Each step starts a process.
  this.timeout(120_000);
  const node = (env: Record<string, string>, ...args: string[]) =>
    spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, LOG_LEVEL: 'silent', ...env },
    });
  const run = (keys: string, ...args: string[]) => node({ DATA_KEYS: keys }, 'scripts/keys.ts', ...args);
  const opens = (keys: string, sealed: string, label: string) =>
    node({ DATA_KEYS: keys, JWT_SECRET: '' }, '-e', OPEN, sealed, label).stdout.trim();

  let [webhook, user] = [0, 0];
  beforeEach(async () => {
    await knex('webhooks').delete();
    await knex('second_factors').delete();
    await knex('receipt_keys').delete();
    ({ id: user } = await buildUser());
    [{ id: webhook }] = await knex('webhooks')
      .insert({ url: 'https://hooks.invalid', events: ['user.created'] })
      .returning('id');
    for (let i = 0; i < 3; i += 1) {
      const sealed = node({ DATA_KEYS: OLD }, '-e', SEAL, `secret ${i}`, `webhook:${webhook}`).stdout.trim();
      await knex('webhook_secrets').insert({
        webhook_id: webhook,
        sealed,
        expires_at: i < 2 ? new Date() : null,
      });
    }
    const sealed = node({ DATA_KEYS: OLD }, '-e', SEAL, 'factor', `second-factor:${user}`).stdout.trim();
    await knex('second_factors').insert({ user_id: user, sealed, recovery_hashes: [] });
  });

  it('explains itself', () => {
    expect(run(NEW, '--help').stdout).to.match(/^npm run keys -- rotate/);
    expect(run(NEW, 'turn').status).to.equal(2);
  });

  it('seals every secret under the first key, so that the old one may go', async () => {
    expect(run(`${NEW},${OLD}`, 'status').stdout).to.include(
      'webhook_secrets: 0 under the first key, 3 under a later one',
    );
    const { status, stdout } = run(`${NEW},${OLD}`, 'rotate');
    expect(status).to.equal(0);
    expect(stdout).to.include('second_factors: 0 under the first key, 1 sealed anew, 0 unreadable');
    const secrets = await knex('webhook_secrets').orderBy('id').pluck('sealed');
    expect(secrets.map((sealed: string) => opens(NEW, sealed, `webhook:${webhook}`))).to.deep.equal([
      'secret 0',
      'secret 1',
      'secret 2',
    ]);
    expect(opens(NEW, (await knex('second_factors').first()).sealed, `second-factor:${user}`)).to.equal(
      'factor',
    );
    expect(run(NEW, 'rotate').stdout).to.include('webhook_secrets: 3 under the first key, 0 sealed anew');
  });

  it('killed between two secrets, leaves all of them readable; the next run goes on', async () => {
    const env = {
      DATA_KEYS: `${NEW},${OLD}`,
      KILL_AT: 'keys.sealed:2',
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ./test/support/killpoints.ts`,
    };
    await runCommand(process.execPath, ['scripts/keys.ts', 'rotate'], env);
    const keyOf = (sealed: string) => sealed.split('.')[1];
    const half = [
      ...(await knex('webhook_secrets').pluck('sealed')),
      ...(await knex('second_factors').pluck('sealed')),
    ];
    expect(new Set(half.map(keyOf)).size).to.equal(2);
    expect(run(`${NEW},${OLD}`, 'rotate').status).to.equal(0);
    const whole = [
      ...(await knex('webhook_secrets').pluck('sealed')),
      ...(await knex('second_factors').pluck('sealed')),
    ];
    expect(new Set(whole.map(keyOf)).size).to.equal(1);
    expect(opens(NEW, whole[0], `webhook:${webhook}`)).to.equal('secret 0');
  });

  it('names what no key opens, changes nothing of it, and exits with 1', async () => {
    const before = await knex('webhook_secrets').orderBy('id').pluck('sealed');
    const { status, stdout } = run(NEW, 'rotate');
    expect(status).to.equal(1);
    expect(stdout).to.include('webhook_secrets: 0 under the first key, 0 sealed anew, 3 unreadable');
    expect(await knex('webhook_secrets').orderBy('id').pluck('sealed')).to.deep.equal(before);
  });

  it('counts an unreadable key of receipts only until another one signs in its place', async () => {
    const sealed = (keys: string, id: number) =>
      node({ DATA_KEYS: keys }, '-e', SEAL, 'key', `receipt_key:${id}`).stdout.trim();
    const [{ id }] = await knex('receipt_keys')
      .insert({ public_key: 'gone', sealed: 'v1.gone.AAAA.AAAA' })
      .returning('id');
    const missed = run(`${NEW},${OLD}`, 'status');
    expect([missed.status, missed.stdout.match(/receipt_keys: .*/)?.[0]]).to.deep.equal([
      1,
      'receipt_keys: 0 under the first key, 0 under a later one, 1 unreadable',
    ]);
    await rows(
      'INSERT INTO receipt_keys (id, public_key, sealed) OVERRIDING SYSTEM VALUE VALUES (:id, :key, :sealed)',
      { id: id + 1, key: 'new', sealed: sealed(NEW, id + 1) },
    );
    const { status, stdout } = run(`${NEW},${OLD}`, 'status');
    expect([status, stdout.match(/receipt_keys: .*/)?.[0]]).to.deep.equal([
      0,
      'receipt_keys: 1 under the first key, 0 under a later one, 0 unreadable',
    ]);
    await knex('receipt_keys').delete();
  });

  it('knows every column of sealed secrets: those of the schema that are called so', async () => {
    const found = await rows<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = current_schema() AND column_name = 'sealed' ORDER BY table_name`,
    );
    expect(found.map(({ name }) => name)).to.deep.equal(sealedColumns.map(({ table }) => table).toSorted());
    for (const { table, column, id, label } of sealedColumns)
      expect(
        Object.values(personalData[table]?.columns ?? {})
          .join(' ')
          .split(' '),
      ).to.include.members([column, id, label]);
  });
});
