import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { causeOf } from '../../shared/ops/causes.ts';
import { itNative } from '../support/native.ts';
import { type OwnRedis, startOwnRedis } from '../../lab/kit/redis.ts';

/** Asks until the check has more to say than that there was no answer yet. */
const ask = (file: string, check: string) => `
  const checks = await import('./${file}');
  let said;
  for (let i = 0; i < 50; i += 1) {
    said = await checks.${check};
    if (said !== 'unhealthy: unreachable') break;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  console.log(said);
  process.exit(0);`;

async function checked(
  check: string,
  env: Record<string, string>,
  file = 'shared/ops/checks.ts',
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', ask(file, check)],
    {
      env: { ...process.env, LOG_LEVEL: 'silent', ...env },
    },
  );
  return stdout.trim();
}

describe('checks', function () {
  this.timeout(30_000);

  describe('of Postgres', () => {
    let server: net.Server;
    let url = '';
    /** The SQLSTATE by which the server refuses, whatever password it is given. */
    let code = '';
    before(async () => {
      server = net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.write(message('R', Buffer.from([0, 0, 0, 3])));
          socket.once('data', () => {
            const text = `SFATAL\0C${code}\0Mrefused for user "parley", secret\0\0`;
            socket.end(message('E', Buffer.from(text)));
          });
        });
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      url = `postgres://parley:secret@127.0.0.1:${(server.address() as AddressInfo).port}/chat%20db`;
    });
    after(() => server.close());

    function message(type: string, body: Buffer): Buffer {
      const head = Buffer.alloc(5);
      head.write(type);
      head.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([head, body]);
    }

    const causes: Record<string, string> = {
      '28P01': 'wrong password',
      '28000': 'this user may not connect',
      '3D000': 'database "chat db" does not exist',
      '42501': 'this user may not use database "chat db"',
      '53300': 'too many connections',
      '57P03': 'starting up',
      XX000: 'unreachable',
    };
    for (const [sqlstate, cause] of Object.entries(causes)) {
      it(`say "${cause}" for ${sqlstate}`, async () => {
        code = sqlstate;
        expect(await checked('checkDatabase()', { DATABASE_URL: url })).to.equal(`unhealthy: ${cause}`);
      });
    }

    itNative('name a database that does not exist', async () => {
      const missing = new URL(process.env.DATABASE_URL ?? '');
      missing.pathname = '/nowhere';
      expect(await checked('checkDatabase()', { DATABASE_URL: missing.href })).to.equal(
        'unhealthy: database "nowhere" does not exist',
      );
    });

    it('say that nobody listens', async () => {
      expect(await checked('checkDatabase()', { DATABASE_URL: 'postgres://127.0.0.1:1/x' })).to.equal(
        'unhealthy: unreachable',
      );
    });
  });

  describe('of Redis', () => {
    let redis: OwnRedis;
    before(async () => {
      redis = await startOwnRedis();
      await redis.client.config('SET', 'requirepass', 'right');
    });
    after(() => redis.stop());
    const said = (change: Partial<URL>) =>
      checked(
        'checkRedis()',
        { REDIS_URL: Object.assign(new URL(redis.url), change).href },
        'shared/delivery/redisFit.ts',
      );

    it('say that a password is required', async () => {
      expect(await said({})).to.equal('unhealthy: password required');
    });
    it('say that the password is wrong', async () => {
      expect(await said({ password: 'secret' })).to.equal('unhealthy: wrong password');
    });
    it('are well with the right one', async () => {
      expect(await said({ password: 'right' })).to.equal('healthy');
    });
  });

  describe('of the provider', () => {
    it('say that the key is refused, or missing', async () => {
      const server = createServer((_, res) => res.writeHead(401).end('{"error":"sk-secret"}')).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const OPENAI_BASE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
      const ask = (OPENAI_API_KEY: string) =>
        checked("checkRole('chat')", { OPENAI_BASE_URL, OPENAI_API_KEY }, 'shared/provider/probe.ts');
      expect(await ask('sk-secret')).to.equal('unhealthy: provider_key');
      expect(await ask('')).to.equal('unhealthy: provider_key');
      server.close();
    });
  });

  it('show nothing of an error that nobody knows', () => {
    expect(causeOf(new Error('connect to secret@host failed'))).to.equal('unreachable');
    expect(
      causeOf(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })),
    ).to.equal('host name not found');
    expect(causeOf('secret')).to.equal('unreachable');
  });
});
