import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOwnDatabase, migrate, type Queries, runCommand } from '../support/own-database.ts';
import { startMaildrop } from '../support/maildrop.ts';
import { type OwnRedis, startOwnRedis } from '../../lab/kit/redis.ts';
import { freePort } from '../../scripts/services/ports.ts';

describe('npm run doctor', function () {
  // Each test starts processes.
  this.timeout(60_000);
  let database: Queries;
  let redis: OwnRedis;
  before(async function () {
    this.timeout(60_000);
    database = await createOwnDatabase();
    redis = await startOwnRedis();
  });
  after(async () => {
    await database.stop();
    await redis.stop();
  });

  const doctor = (more: Record<string, string> = {}) => run(more, '--offline');
  async function run(more: Record<string, string>, ...args: string[]) {
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: 'doctor'.repeat(8),
      OPENAI_API_KEY: 'x',
      PORT: String(await freePort()),
      DATABASE_POOL_MAX: '2',
      SMTP_URL: '',
    };
    return runCommand(process.execPath, ['scripts/doctor.ts', ...args], { ...env, ...more });
  }

  it('says what is missing and what to do, and exits with 1', async () => {
    const { code, stdout } = await doctor();
    expect(code).to.equal(1);
    expect(stdout).to.match(/^WRONG postgres +migrations are missing\n +→ npm run migrate$/m);
  });

  it('finds nothing wrong in an installation that works', async () => {
    expect(await migrate(database.url)).to.include({ code: 0 });
    const { code, stdout } = await doctor();
    expect(stdout).not.to.include('WRONG');
    expect(code).to.equal(0);
    for (const area of ['settings', 'versions', 'ports', 'disk', 'postgres', 'redis', 'clock', 'backups'])
      expect(stdout, area).to.match(new RegExp(`^(ok|note) +${area} `, 'm'));
  });

  it('prints the line with which processes would refuse the settings', async () => {
    const { code, stdout } = await doctor({ PORT: 'eighty' });
    expect(code).to.equal(1);
    expect(stdout).to.match(/^WRONG settings +PORT must be/m);
  });

  it('names a provider that a model has and PROVIDERS lacks', async () => {
    const { stdout } = await doctor({ CHAT_MODEL: 'claude/sonnet' });
    expect(stdout).to.match(
      /^note +settings +PROVIDERS names no provider "claude": openai is asked for the model "claude\/sonnet"\n +→ add it/m,
    );
  });

  it('says whether the mailbox of returned mails lets it in, and leaves the mails there', async () => {
    const drop = await startMaildrop();
    drop.mails = ['a mail'];
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const look = async (url: string) => {
      const { stdout } = await run({ MAIL_BOUNCES_URL: url, OPENAI_BASE_URL: nobody });
      return stdout.split('\n').find((line) => line.includes('returned mails'));
    };
    expect(await look(drop.url)).to.match(/^ok +mail +the mailbox of returned mails lets us in$/);
    expect([drop.mails, drop.commands]).to.deep.equal([['a mail'], ['QUIT']]);
    const wrong = await look(drop.url.replace('p%40ss', 'hunter2'));
    expect(wrong).to.match(/^WRONG mail +the mailbox of returned mails: unhealthy: wrong user or password/);
    expect(wrong).not.to.include('hunter2');
    await drop.stop();
  });

  it('names a model whose answers use nothing of a budget of money', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
    const price = { model: 'dear', currency: 'USD', input: 1, output: 2 };
    const look = async (from: string[], CHAT_MODEL: string) => {
      const file = join(folder, 'prices.json');
      writeFileSync(file, JSON.stringify(from.map((valid_from) => ({ ...price, valid_from }))));
      return (await doctor({ MODEL_PRICES: file, BUDGET_DAY: '5 USD', CHAT_MODEL })).stdout;
    };
    expect(await look(['2026-01-01'], 'dear')).to.not.include('budget');
    expect(await look(['2026-01-01'], 'free')).to.match(
      /^note +settings +answers of free use no budget: MODEL_PRICES has no price of it today\n +→ add/m,
    );
    expect(await look(['2026-01-01', '2026-01-01'], 'dear')).to.match(
      /^WRONG settings +MODEL_PRICES must have one price of dear from 2026-01-01 on$/m,
    );
    rmSync(folder, { recursive: true });
  });

  it('names a port that another program has', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const port = String((server.address() as net.AddressInfo).port);
    const { stdout } = await doctor({ PORT: port });
    server.close();
    expect(stdout).to.match(new RegExp(`^WRONG ports +PORT ${port} belongs to another program`, 'm'));
  });

  it('adds the pools up against max_connections', async () => {
    const { code, stdout } = await doctor({ DATABASE_POOL_MAX: '900' });
    expect(code).to.equal(1);
    expect(stdout).to.match(
      /^WRONG postgres +one process of each type, and a second web, may open 8100 connections/m,
    );
  });

  it('names a Redis that is away, with no host and no password', async () => {
    const { stdout } = await doctor({ REDIS_URL: `redis://:hunter2@127.0.0.1:${await freePort()}` });
    expect(stdout).to.match(/^WRONG redis +unhealthy: /m);
    expect(stdout).not.to.include('hunter2');
  });
});
