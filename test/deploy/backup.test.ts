import { expect } from 'chai';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../../scripts/backup/crypt.ts';
import { through } from '../../scripts/backup/pipe.ts';
import { staying, stayingBases } from '../../scripts/backup/prune.ts';
import type { Manifest } from '../../scripts/backup/store.ts';
import { dumpOf } from '../support/everywhere.ts';
import { onNative } from '../support/native.ts';
import { createOwnDatabase, type Ended, migrate, type Queries, runCommand } from '../support/own-database.ts';
import { startOwnRedis, type OwnRedis } from '../../lab/kit/redis.ts';

describe('a chain of commands', () => {
  const failure = (...commands: Command[]) =>
    through(null, commands, null).then(
      () => 'none',
      (error: Error) => error.message,
    );
  const endless: Command = ['sh', '-c', 'while echo y; do :; done'];

  it('names the command that failed, not the one before it whose pipe broke', async () => {
    expect(await failure(endless, ['sh', '-c', 'echo wrong >&2; exit 3'])).to.equal('sh failed: wrong');
    expect(await failure(endless, ['no-such-command'])).to.equal('no-such-command is not installed');
    expect(await failure(['sh', '-c', 'echo first >&2; exit 3'], ['cat'])).to.equal('sh failed: first');
  });

  it('names the signal that ended a command', async () => {
    expect(await failure(['sh', '-c', 'kill -9 $$'], ['cat'])).to.equal('sh failed: SIGKILL');
  });
});

describe('what prune keeps', () => {
  const now = new Date('2026-11-26T12:00:00Z');
  const daysAgo = (days: number) =>
    ({ name: `${days}`, started_at: new Date(now.getTime() - days * 86_400_000).toISOString() }) as Manifest;
  const names = (kept: Manifest[]) => kept.map(({ name }) => Number(name));
  const daily = Array.from({ length: 100 }, (_, days) => daysAgo(days));

  it('is every dump of fourteen days, and one of each of eight weeks', () => {
    const kept = names(staying(daily, now));
    expect(kept.filter((days) => days <= 14)).to.have.length(15);
    expect(kept.filter((days) => days > 14)).to.have.length(6);
    expect(Math.max(...kept)).to.be.at.most(56);
  });

  it('is the newest dump, however old', () => {
    expect(names(staying([daysAgo(90), daysAgo(97)], now))).to.deep.equal([90]);
  });

  it('is a base backup more than the days, for the first of these days', () => {
    expect(names(stayingBases([1, 8, 15, 22].map(daysAgo), now))).to.deep.equal([1, 8, 15]);
  });
});

(onNative ? describe : describe.skip)('npm run backup and restore', function () {
  // Each test starts processes.
  this.timeout(120_000);
  let source: Queries;
  let redis: OwnRedis;
  let dir: string;
  before(async () => {
    source = await createOwnDatabase();
    redis = await startOwnRedis();
    expect(await migrate(source.url)).to.include({ code: 0 });
    await source.query(`INSERT INTO users (email, username, hashed_password, gdpr_consent, data_processing_consent)
      SELECT n || '@example.com', 'user' || n, 'x', true, true FROM generate_series(1, 5) n`);
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'parley-backups-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  after(async () => {
    await source.stop();
    await redis.stop();
  });

  function script(name: string, args: string[], more: Record<string, string> = {}): Promise<Ended> {
    const env = {
      DATABASE_URL: source.url,
      REDIS_URL: redis.url,
      BACKUP_DIR: dir,
      BACKUP_PLAIN: 'yes',
      BACKUP_SCRATCH: join(tmpdir(), 'parley-scratch'),
    };
    return runCommand(process.execPath, [`scripts/${name}.ts`, ...args], { ...env, ...more });
  }
  const dumpFile = () => join(dir, readdirSync(dir).find((name) => name.endsWith('.dump')) ?? '');

  it('write an unencrypted backup only where that is asked for', async () => {
    const { code, stderr } = await script('backup', ['dump'], { BACKUP_PLAIN: '' });
    expect(code).to.equal(1);
    expect(stderr).to.include('set BACKUP_AGE_RECIPIENT or BACKUP_GPG_RECIPIENT');
    expect(existsSync(join(dir, 'ledger'))).to.equal(false);
  });

  it('bring every row back, empty Redis, and erase again who was erased since, with every word of theirs', async () => {
    const CANARY = ['zqbackupcanary', 'user1'];
    await source.query(`WITH c AS (INSERT INTO conversations (user_id, title)
        SELECT id, 'zqbackupcanary' FROM users WHERE username = 'user1' RETURNING id, user_id)
      INSERT INTO messages (conversation_id, user_id, message_type, content, status)
      SELECT id, user_id, 'user', 'I am zqbackupcanary', 'sent' FROM c`);
    const found = async (url: string) => {
      const lines = await dumpOf(url);
      return CANARY.filter((word) => lines.some((line) => line.includes(word)));
    };
    expect(await found(source.url)).to.deep.equal(CANARY);
    expect((await script('backup', ['dump'])).code).to.equal(0);
    // Erased after the dump; the ledger is of a later moment.
    const [erased] = await source.query<{ id: number; pseudonym: string }>(
      'SELECT id, pseudonym FROM users ORDER BY id LIMIT 1',
    );
    const entry = { receipt: 'r'.repeat(24), pseudonym: erased?.pseudonym, requested_at: new Date() };
    appendFileSync(join(dir, 'ledger/erasures.jsonl'), `${JSON.stringify(entry)}\n`);
    await redis.client.set('stale', '1');
    const target = await createOwnDatabase();
    try {
      const restored = await script('restore', ['dump'], { DATABASE_URL: target.url });
      expect(restored.stderr).to.equal('');
      expect(restored.code).to.equal(0);
      // The last mail, which tells of the erasure, is not sent here: its row holds the address until it is.
      await target.query(`DELETE FROM notifications WHERE kind = 'account_erased'`);
      expect(await found(target.url)).to.deep.equal([]);
      const left = await target.query<{ username: string }>('SELECT username FROM users ORDER BY id');
      expect(left).to.deep.equal(['user2', 'user3', 'user4', 'user5'].map((username) => ({ username })));
      expect(await redis.client.exists('stale')).to.equal(0);
      const again = await script('restore', ['dump'], { DATABASE_URL: target.url });
      expect(again.stderr).to.include('has tables: restore into an empty one');
    } finally {
      await target.stop();
    }
  });

  it('notice a damaged file before they touch the database', async () => {
    await script('backup', ['dump']);
    appendFileSync(dumpFile(), 'x');
    const checked = await script('backup', ['check']);
    expect(checked.code).to.equal(1);
    expect(checked.stderr).to.include('was damaged');
    expect((await script('restore', ['dump'])).stderr).to.include('was damaged');
  });

  it('notice a row that the trial lacks', async () => {
    await script('backup', ['dump']);
    const manifest = readdirSync(dir).find((name) => name.endsWith('.json')) ?? '';
    const said = JSON.parse(readFileSync(join(dir, manifest), 'utf8')) as Manifest;
    writeFileSync(join(dir, manifest), JSON.stringify({ ...said, counts: { ...said.counts, users: 6 } }));
    const checked = await script('backup', ['check']);
    expect(checked.stderr).to.include('users: 5 instead of 6');
  });

  it('refuse a restore without the ledger, because erased people would come back', async () => {
    mkdirSync(join(dir, 'ledger'));
    const { code, stderr } = await script('restore', ['after']);
    expect([code, stderr.includes('the ledger')]).to.deep.equal([1, true]);
  });

  it('leave no half file behind when the dump fails', async () => {
    const { code, stderr } = await script('backup', ['dump'], { PATH: '/nowhere' });
    expect([code, stderr]).to.deep.equal([1, 'npm run backup: cat is not installed\n']);
    expect(readdirSync(dir).filter((name) => name.startsWith('dump-'))).to.deep.equal([]);
  });
});
