import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import pg from 'pg';
import { call } from '../../support/api.ts';
import { startProcfile } from '../../../lab/kit/processes.ts';

const run = promisify(execFile);
/** The packet by which a client asks Postgres for TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

describe('TLS to Postgres and Redis', () => {
  let folder: string;
  let postgres: Door;
  let redis: Door;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-tls-'));
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=parley-test ' +
      '-addext subjectAltName=IP:127.0.0.1';
    await run('openssl', [...request.split(' '), '-keyout', join(folder, 'key.pem'), '-out', cert()]);
    postgres = await openDoor(process.env.DATABASE_URL, 5432, true);
    redis = await openDoor(process.env.REDIS_URL, 6379, false);
  });
  after(() => {
    postgres.close();
    redis.close();
    rmSync(folder, { recursive: true });
  });

  const cert = () => join(folder, 'cert.pem');
  function databaseUrl(query: string): string {
    const url = new URL(process.env.DATABASE_URL ?? '');
    url.host = `127.0.0.1:${postgres.port}`;
    url.search = query;
    return url.href;
  }
  const redisUrl = (protocol: string) => `${protocol}://127.0.0.1:${redis.port}`;
  /**
   * Returns whether node-postgres reaches the database at an address, as the pool passes it on; else the error's code.
   */
  async function reaches(connectionString: string): Promise<string> {
    const client = new pg.Client({ connectionString });
    try {
      await client.connect();
      await client.query('SELECT 1');
      await client.end();
      return 'reached';
    } catch (err) {
      return (err as { code: string }).code;
    }
  }
  async function reachesRedis(url: string): Promise<string> {
    const client = new Redis(url, { retryStrategy: null });
    return new Promise((answer) => {
      client
        .once('ready', () => answer('reached'))
        .once('error', (err) => answer((err as { code?: string }).code ?? ''));
    }).finally(() => client.disconnect()) as Promise<string>;
  }

  it('is used by all of web when the addresses ask for it', async () => {
    const [before, beforeRedis] = [postgres.encrypted(), redis.encrypted()];
    const web = await startProcfile('web', {
      DATABASE_URL: databaseUrl(`sslmode=verify-full&sslrootcert=${cert()}`),
      REDIS_URL: redisUrl('rediss'),
      NODE_EXTRA_CA_CERTS: cert(),
    });
    const { body } = await call(`${web.url}/health`);
    expect(body.checks).to.include({ database: 'healthy', redis: 'healthy' });
    expect(postgres.encrypted()).to.be.greaterThan(before);
    expect(redis.encrypted()).to.be.greaterThan(beforeRedis);
    expect(postgres.plain() + redis.plain()).to.equal(0);
    expect([postgres.protocols(), redis.protocols()]).to.deep.equal([['TLSv1.3'], ['TLSv1.3']]);
    await web.stop();
  });

  it('refuses an unknown certificate in every mode but no-verify', async () => {
    const modes = ['verify-full', 'verify-ca', 'require', 'prefer', 'no-verify'];
    const answers = await Promise.all(modes.map((mode) => reaches(databaseUrl(`sslmode=${mode}`))));
    const refused = 'DEPTH_ZERO_SELF_SIGNED_CERT';
    expect(answers).to.deep.equal([refused, refused, refused, refused, 'reached']);
    expect(await reachesRedis(redisUrl('rediss'))).to.equal(refused);
  });

  it('is not used unless the addresses ask for it', async () => {
    const [database, store] = [postgres.plain(), redis.plain()];
    expect(await reaches(databaseUrl(''))).to.equal('reached');
    expect(await reaches(databaseUrl('sslmode=disable'))).to.equal('reached');
    expect(await reachesRedis(redisUrl('redis'))).to.equal('reached');
    expect([postgres.plain() - database, redis.plain() - store]).to.deep.equal([2, 1]);
  });

  type Door = {
    port: number;
    encrypted: () => number;
    protocols: () => string[];
    plain: () => number;
    close: () => void;
  };

  /** Opens a proxy before a store, which terminates TLS and passes plain connections through. */
  async function openDoor(target: string | undefined, standard: number, asks: boolean): Promise<Door> {
    const { hostname, port } = new URL(target ?? '');
    const secureContext = createSecureContext({
      key: readFileSync(join(folder, 'key.pem')),
      cert: readFileSync(cert()),
    });
    const open = new Set<net.Socket>();
    let [encrypted, plain] = [0, 0];
    const protocols = new Set<string>();
    const server = net.createServer(async (client) => {
      open.add(client.on('error', () => {}));
      const upstream = net.connect(Number(port || standard), hostname).on('error', () => {});
      open.add(upstream);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
      const [first] = (await once(client, 'data')) as [Buffer];
      client.pause();
      // 22 begins a TLS handshake.
      const wants = asks ? first.equals(SSL_REQUEST) : first[0] === 22;
      if (asks && wants) client.write('S');
      else client.unshift(first);
      if (!wants) {
        plain += 1;
        client.pipe(upstream).pipe(client);
        return;
      }
      const secure = new TLSSocket(client, { isServer: true, secureContext }).on('error', () =>
        client.destroy(),
      );
      secure.once('secure', () => {
        encrypted += 1;
        protocols.add(secure.getProtocol() ?? '');
      });
      secure.pipe(upstream).pipe(secure);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      encrypted: () => encrypted,
      protocols: () => [...protocols],
      plain: () => plain,
      close() {
        server.close();
        for (const socket of open) socket.destroy();
      },
    };
  }
});
