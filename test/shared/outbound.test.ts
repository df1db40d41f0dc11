import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net';
import { env } from '../../shared/base/env.ts';
import {
  faultOfUrl,
  isPublic,
  OutboundError,
  postOutbound,
  type Resolve,
} from '../../shared/ops/outbound.ts';

const settings = env as { WEBHOOK_ALLOW_PRIVATE: boolean };
/** A resolver that gives these addresses, one after the other where it is asked again. */
const resolving = (...addresses: string[]): Resolve => {
  let asked = 0;
  return async () => {
    const address = addresses[Math.min(asked++, addresses.length - 1)] ?? '';
    return [{ address, family: address.includes(':') ? 6 : 4 }];
  };
};

describe('a URL that a client gave', () => {
  const before = settings.WEBHOOK_ALLOW_PRIVATE;
  beforeEach(() => {
    settings.WEBHOOK_ALLOW_PRIVATE = false;
  });
  after(() => {
    settings.WEBHOOK_ALLOW_PRIVATE = before;
  });
  const outside = resolving('93.184.216.34');

  const refused = `
    ftp://example.com/ file:///etc/passwd gopher://example.com example.com http:// javascript:1
    http://user@example.com/ http://user:pass@example.com/ http://:pass@example.com/
    http://example.com:22/ http://example.com:25/ https://example.com:1023/ http://example.com:0/
    http://127.0.0.1/ http://127.1/ http://127.0.1/ http://10.1.2.3/ http://192.168.0.1/ http://172.31.0.1/
    http://2130706433/ http://0x7f000001/ http://0x7f.1/ http://017700000001/ http://0177.0.0.1/
    http://localhost/ http://localhost./ http://LOCALHOST:8080/ http://a.localhost/ http://127.0.0.1./ http://１２７.0.0.1/ http://0/ http://0.0.0.0/ http://255.255.255.255/
    http://169.254.169.254/ http://100.64.0.1/ http://192.0.0.1/ http://198.18.0.1/ http://224.0.0.1/
    http://[::1]/ http://[::]/ http://[::ffff:127.0.0.1]/ http://[::ffff:7f00:1]/ http://[::127.0.0.1]/
    http://[fe80::1]/ http://[fd00::1]/ http://[fec0::1]/ http://[ff02::1]/ http://[2001:db8::1]/
    http://[64:ff9b::7f00:1]/ http://[64:ff9b:1::1]/ http://[2002:7f00:1::]/ http://[2001::1]/`.match(/\S+/g);
  for (const url of refused ?? [])
    it(`is refused when it is ${JSON.stringify(url)}`, async () => {
      expect(await faultOfUrl(url, outside)).to.match(/^must be /);
    });

  for (const url of [
    'https://example.com/hook?a=1',
    'http://example.com',
    'https://example.com:8443/',
    'https://93.184.216.34/',
  ])
    it(`passes when it is ${url}`, async () => {
      expect(await faultOfUrl(url, outside)).to.equal(null);
    });

  it('is looked up for two callers at a time, so that silent name servers hold up nothing else', async () => {
    const answers: (() => void)[] = [];
    const silent: Resolve = () => new Promise((found) => answers.push(() => found([])));
    const asked = Array.from({ length: 5 }, () => faultOfUrl('https://silent.example/', silent));
    expect(await asked.at(-1)).to.equal(null);
    expect(answers).to.have.length(2);
    for (const answer of answers) answer();
    expect(await Promise.all(asked)).to.deep.equal([null, null, null, null, null]);
    expect(await faultOfUrl('https://private.example/', resolving('10.0.0.1'))).to.match(/^must be /);
  });

  it('is refused when one of its addresses is private', async () => {
    const both: Resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '::ffff:10.0.0.1', family: 6 },
    ];
    expect(await faultOfUrl('https://example.com/', both)).to.match(/public addresses/);
    expect(await faultOfUrl('https://localhost/')).to.match(/public addresses/);
  });

  it('passes when its name does not resolve yet', async () => {
    const none: Resolve = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await faultOfUrl('https://example.com/', none)).to.equal(null);
  });

  it('may have a private address and any port where that is allowed, but no credentials', async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = true;
    expect(await faultOfUrl('http://127.0.0.1:22/')).to.equal(null);
    expect(await faultOfUrl('http://user@127.0.0.1:22/')).to.match(/without a user/);
  });

  it('counts only well-formed public addresses as public', () => {
    for (const text of ['', 'localhost', '300.1.1.1', '1.2.3', '168.63.129.16', '::ffff:168.63.129.16'])
      expect(isPublic(text), text).to.equal(false);
    for (const text of ['8.8.8.8', '2606:4700::1', '::ffff:8.8.8.8'])
      expect(isPublic(text), text).to.equal(true);
  });
});

describe('a request to such a URL', () => {
  const before = settings.WEBHOOK_ALLOW_PRIVATE;
  const servers: { close: () => unknown }[] = [];
  beforeEach(() => {
    settings.WEBHOOK_ALLOW_PRIVATE = true;
  });
  after(() => {
    settings.WEBHOOK_ALLOW_PRIVATE = before;
    for (const server of servers) server.close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server: Server = createServer(listener).listen(0, '127.0.0.1');
    servers.push({ close: () => (server.closeAllConnections(), server.close()) });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  /** Serves raw bytes: `talk` gets each connection once its request has come. */
  async function serveRaw(talk: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createSocketServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => talk(socket));
    }).listen(0, '127.0.0.1');
    servers.push({ close: () => (sockets.forEach((socket) => socket.destroy()), server.close()) });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const post = (url: string, more: { timeoutMs?: number; resolve?: Resolve } = {}) =>
    postOutbound(url, {
      headers: { 'x-a': 'b' },
      body: '{"ä":1}',
      timeoutMs: 10_000,
      maxBytes: 1_024,
      ...more,
    });
  const troubleOf = (url: string, more?: Parameters<typeof post>[1]) =>
    post(url, more).then(
      ({ status }) => `answered ${status}`,
      (err: unknown) => (err instanceof OutboundError ? err.trouble : String(err)),
    );

  it('posts headers and body, and returns the status and the beginning of the answer', async () => {
    const came: unknown[] = [];
    const url = await serve(async (req, res) => {
      const chunks = await req.toArray();
      came.push([
        req.method,
        req.url,
        req.headers['x-a'],
        req.headers.connection,
        Buffer.concat(chunks).toString(),
      ]);
      res.writeHead(202, { 'x-more': '1' }).end('ok');
    });
    const { status, headers, body } = await post(`${url}/hook?a=1`);
    expect(came).to.deep.equal([['POST', '/hook?a=1', 'b', 'close', '{"ä":1}']]);
    expect([status, headers['x-more'], body.toString()]).to.deep.equal([202, '1', 'ok']);
  });

  it('goes to no other address than the one that was checked, however the name resolves later', async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = false;
    let asked = 0;
    const url = await serve((_, res) => {
      asked += 1;
      res.end();
    });
    const { port } = new URL(url);
    const rebinding = resolving('93.184.216.34', '127.0.0.1');
    expect(await faultOfUrl(`http://rebind.example:${port}/`, rebinding)).to.equal(null);
    expect(await troubleOf(`http://rebind.example:${port}/`, { resolve: rebinding })).to.equal(
      'address_refused',
    );
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost'])
      expect(await troubleOf(`http://${host}:${port}/`), host).to.equal('address_refused');
    const both: Resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    expect(await troubleOf(`http://both.example:${port}/`, { resolve: both })).to.equal('address_refused');
    expect(asked).to.equal(0);
  });

  it('connects to the resolved address under the name of the URL', async () => {
    const hosts: unknown[] = [];
    const url = await serve((req, res) => {
      hosts.push(req.headers.host);
      res.end();
    });
    const { port } = new URL(url);
    await post(`http://hooks.example:${port}/`, { resolve: resolving('127.0.0.1') });
    expect(hosts).to.deep.equal([`hooks.example:${port}`]);
  });

  it('follows no redirect', async () => {
    let followed = 0;
    const other = await serve((_, res) => {
      followed += 1;
      res.end();
    });
    const url = await serve((_, res) => res.writeHead(307, { location: other }).end());
    expect((await post(url)).status).to.equal(307);
    expect(followed).to.equal(0);
  });

  it('reads the beginning of an endless answer and closes the connection', async () => {
    const closed: Promise<unknown>[] = [];
    const url = await serve((req, res) => {
      closed.push(new Promise((resolve) => req.socket.on('close', resolve)));
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(65_536)));
      };
      res.on('drain', more).on('error', () => {});
      more();
    });
    const { status, body } = await post(url);
    expect([status, body.length]).to.deep.equal([200, 1_024]);
    await Promise.all(closed);
  });

  it('keeps the status of an answer that breaks off or hangs', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf';
    const cut = await serveRaw((socket) => socket.write(head, () => socket.destroy()));
    const cutAnswer = await post(cut);
    expect(cutAnswer.status).to.equal(200);
    const hanging = await serveRaw((socket) => socket.write(head));
    const { status, body } = await post(hanging, { timeoutMs: 300 });
    expect([status, body.toString()]).to.deep.equal([200, 'half']);
  });

  it('says why there is no answer', async () => {
    const silent = await serveRaw(() => {});
    expect(await troubleOf(silent, { timeoutMs: 300 })).to.equal('timeout');
    const never: Resolve = () => new Promise(() => {});
    expect(await troubleOf('http://slow.example/', { timeoutMs: 300, resolve: never })).to.equal('timeout');
    const rude = await serveRaw((socket) => socket.destroy());
    expect(await troubleOf(rude)).to.equal('unreachable');
    const nonsense = await serveRaw((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    expect(await troubleOf(nonsense)).to.equal('unreachable');
    const vast = await serveRaw((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`),
    );
    expect(await troubleOf(vast)).to.equal('unreachable');
    const none: Resolve = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    expect(await troubleOf('http://none.example/', { resolve: none })).to.equal('unreachable');
    expect(await troubleOf('http://127.0.0.1:1/')).to.equal('unreachable');
  });
});
