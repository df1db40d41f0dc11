import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { mock } from 'node:test';
import { expect } from 'chai';
import { io } from 'socket.io-client';
import type { Ctx } from '../../api/middleware/ctx.ts';
import { serverOf } from '../../api/listen.ts';
import { networkOf } from '../../shared/limits/charge.ts';
import { readJson } from '../../api/middleware/body.ts';
import { type Api, call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { send, serveWeb } from '../support/web.ts';
import { connect, dial } from '../support/wire.ts';

const [STREAMS, SOCKETS] = [50, 200];

describe('the edges', () => {
  let api: Api;
  let proxied: Process;
  let user: BuiltUser;
  before(async () => {
    [api, proxied] = await Promise.all([
      serveWeb(),
      startProcfile('web', {
        TRUST_PROXY: '1',
        CORS_ALLOW_ORIGINS: 'https://chat.example,https://two.example',
      }),
    ]);
    user = await buildUser();
  });
  after(() => Promise.all([api.close(), proxied.stop()]));

  /** Sends bytes and returns the server's answer until it closes. */
  async function raw(bytes: string, url = api.url): Promise<string> {
    const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    return text(socket);
  }
  const get = async (path: string, headers: Record<string, string> = {}, url = api.url) =>
    (await fetch(url + path, { headers, redirect: 'manual' })).headers;

  describe('headers of answers', () => {
    it('forbid loading, framing, sniffing and caching', async () => {
      for (const path of ['/livez', '/nothing', '/api/v1/users/me', '/openapi.json']) {
        const headers = await get(path);
        const of = (name: string) => headers.get(name);
        expect(of('content-security-policy'), path).to.equal("default-src 'none';frame-ancestors 'none'");
        expect(of('x-content-type-options')).to.equal('nosniff');
        expect(of('x-frame-options')).to.equal('DENY');
        expect(of('x-xss-protection')).to.equal('0');
        expect(of('referrer-policy')).to.equal('no-referrer');
        expect(of('cross-origin-resource-policy')).to.equal('same-origin');
        expect(of('cache-control')).to.equal('no-store');
        expect(of('x-powered-by')).to.equal(null);
        expect(of('server')).to.equal(null);
      }
    });

    it('are looser for pages only, which still load nothing from other sites', async () => {
      for (const path of ['/docs', '/docs/docs.js', '/admin/queues/sign-in']) {
        const headers = await get(path);
        const policy = headers.get('content-security-policy') ?? '';
        const framedBy = path.startsWith('/admin/queues') ? "'self'" : "'none'";
        expect(policy, path).to.contain("default-src 'none'").and.contain(`frame-ancestors ${framedBy}`);
        expect(policy)
          .to.contain("script-src 'self';")
          .and.not.match(/https?:|\*|unsafe-eval/);
        expect(headers.get('x-content-type-options')).to.equal('nosniff');
      }
    });

    it('demand TLS when a trusted proxy reports TLS', async () => {
      const hsts = async (headers: Record<string, string>, url: string) =>
        (await get('/livez', headers, url)).get('strict-transport-security');
      const https = { 'x-forwarded-proto': 'https' };
      expect(await hsts(https, proxied.url)).to.equal('max-age=31536000; includeSubDomains');
      expect(await hsts({}, proxied.url)).to.equal(null);
      expect(await hsts(https, api.url)).to.equal(null);
    });
  });

  describe('the origin of a WebSocket', () => {
    const foreign = [
      'https://evil.example',
      'null',
      'http://127.0.0.1:1',
      'https://chat.example.evil.example',
    ];

    it('may be listed, our own, or missing', async () => {
      const own = proxied.url;
      const host = { 'x-forwarded-host': 'parley.example' };
      const friends: Record<string, string>[] = [
        {},
        { origin: 'https://chat.example' },
        { origin: 'https://two.example' },
        { origin: own },
        { origin: 'https://parley.example', ...host },
      ];
      for (const headers of friends) {
        const wire = await dial(proxied.url, user.id, user.access, { headers });
        wire.socket.terminate();
        const socket = io(proxied.url, {
          auth: { token: user.access },
          transports: ['websocket'],
          forceNew: true,
          extraHeaders: headers,
        });
        await once(socket as never, 'connect');
        socket.disconnect();
      }
    });

    it('is refused when it is foreign, before the server reads anything', async () => {
      for (const origin of foreign) {
        for (const path of [
          `/api/v1/chat/ws/${user.id}?token=${user.access}`,
          '/socket.io/?EIO=4&transport=websocket',
        ]) {
          const refused = await connect(proxied.url.replace('http', 'ws') + path, {
            headers: { origin },
          }).then(
            () => expect.fail(`${origin} was let in at ${path}`),
            (err: { status: number; problem: object; headers: Record<string, string> }) => err,
          );
          expect(refused.status, path).to.equal(403);
          expect(refused.problem).to.include({ code: 'forbidden', status: 403 });
          expect(refused.headers).to.include.keys('x-request-id');
        }
      }
    });

    it('affects nobody else when a refused client resets or never closes its connection', async () => {
      const { port } = new URL(proxied.url);
      const upgrade = [
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
        'Host: parley',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        'Origin: https://evil.example',
      ].join('\r\n');
      for (let i = 0; i < 30; i += 1) {
        const socket = connectTcp(Number(port), '127.0.0.1');
        socket.on('error', () => {});
        socket.write(`${upgrade}\r\n\r\n`);
        await once(socket, 'data');
        // Resets with data on the way, which the other end sees as an error.
        socket.write('x');
        socket.resetAndDestroy();
        await once(socket, 'close');
      }
      const silent = connectTcp({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      silent.write(`${upgrade}\r\n\r\n`);
      silent.resume();
      await once(silent, 'end');
      silent.destroy();
      expect((await call(`${proxied.url}/livez`)).status).to.equal(200);
    });

    it('does not extend CORS, which matches its list exactly', async () => {
      for (const origin of foreign)
        expect((await get('/livez', { origin }, proxied.url)).get('access-control-allow-origin')).to.equal(
          null,
        );
      const allowed = await get('/livez', { origin: 'https://two.example' }, proxied.url);
      expect(allowed.get('access-control-allow-origin')).to.equal('https://two.example');
      expect(allowed.get('access-control-allow-credentials')).to.equal(null);
      expect(allowed.get('access-control-expose-headers')).to.contain('RateLimit,RateLimit-Policy');
      expect(allowed.get('vary')).to.match(/origin/i);
    });
  });

  describe('headers of requests', () => {
    const request = (...lines: string[]) => ['GET /livez HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n');
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${'a'.repeat(22)}==`,
    ];
    /** Returns what a request to a path needs besides: sockets ask for an upgrade. */
    const kindOf = (path: string) => (path.startsWith('/socket.io') ? upgrade : ['Connection: close']);
    const paths = ['/livez', '/nowhere', `/socket.io/?EIO=4&transport=websocket`];

    it('do not become headers of the answer', async () => {
      for (const odd of ['a%0d%0aSet-Cookie: x=1', 'a\\r\\nSet-Cookie: x=1', 'a Set-Cookie: x=1']) {
        const answer = await raw(request('Connection: close', `X-Request-Id: ${odd}`, `Origin: ${odd}`));
        expect(answer).to.match(/^HTTP\/1\.1 200 /);
        expect(answer)
          .to.match(/x-request-id: [0-9a-f-]{36}\r\n/i)
          .and.not.match(/set-cookie/i);
      }
      const answer = await raw(`GET /%0d%0aSet-Cookie:x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer.split('\r\n\r\n')[0])
        .to.match(/^HTTP\/1\.1 404 /)
        .and.not.match(/set-cookie/i);
    });

    it('are refused when they are ambiguous', async () => {
      const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked';
      for (const lines of [
        ['X-Request-Id: a\rSet-Cookie: x=1'],
        ['X-Request-Id: a\nSet-Cookie: x=1'],
        ['X-Folded: a', ' b'],
        ['Content-Length: 0', 'Content-Length: 1'],
        [both],
        ['Transfer-Encoding: chunked, identity'],
        ['X Y: 1'],
      ])
        expect(await raw(request(...lines)), JSON.stringify(lines)).to.match(/^HTTP\/1\.1 400 /);
    });

    it('must name one host, for sockets too', async () => {
      for (const path of paths) {
        for (const hosts of [['Host: a', 'hOST: b'], []]) {
          const answer = await raw([`GET ${path} HTTP/1.1`, ...hosts, ...kindOf(path), '', ''].join('\r\n'));
          expect(answer, path).to.match(/^HTTP\/1\.1 400 /);
          expect(answer)
            .to.match(/x-request-id: /i)
            .and.contain('The request must have one Host header');
        }
      }
      expect(await raw('GET /livez HTTP/1.0\r\n\r\n')).to.match(/^HTTP\/1\.1 200 /);
    });

    it('must name one sign-in, one key and one kind of body, for sockets too', async () => {
      const twice = ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'X-Session'];
      for (const name of twice)
        for (const path of paths) {
          const lines = [`${name}: Bearer a`, `${name.toLowerCase()}: Bearer a`, ...kindOf(path)];
          const answer = await raw([`GET ${path} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n'));
          expect(answer, path)
            .to.match(/^HTTP\/1\.1 400 /)
            .and.contain(`The request must have at most one ${name} header`);
        }
    });

    it('are refused beyond a hundred, and none is dropped', async () => {
      const many = (n: number) => Array.from({ length: n }, (_, i) => `X-H${i}: 1`);
      expect(await raw(request('Connection: close', ...many(98)))).to.match(/^HTTP\/1\.1 200 /);
      const refused = await raw(request('Connection: close', ...many(99)));
      expect(refused)
        .to.match(/^HTTP\/1\.1 400 /)
        .and.contain('The request must have at most 100 headers');
    });
  });

  describe('time', () => {
    it('runs out for clients that send byte by byte', async () => {
      const times = {
        headersTimeout: 150,
        requestTimeout: 300,
        keepAliveTimeout: 1_000,
        connectionsCheckingInterval: 20,
      };
      const http = serverOf((req, res) => req.resume().on('end', () => res.end('read')), times);
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      for (const begun of [
        'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
      ]) {
        const answer = await raw(begun, url);
        expect(answer)
          .to.match(/^HTTP\/1\.1 408 /)
          .and.contain('"code":"request_timeout"');
      }
      await new Promise((closed) => http.close(closed));
    });

    it('is shorter for a JSON body', async () => {
      const clock = mock.timers;
      const req = Object.assign(new PassThrough(), { headers: {}, complete: false });
      clock.enable({ apis: ['setTimeout'] });
      try {
        const reading = readJson({ req } as unknown as Ctx).catch((err: unknown) => err);
        req.write('{"content":');
        clock.tick(20_000);
        expect(await reading).to.include({ status: 408, code: 'request_timeout' });
      } finally {
        clock.reset();
      }
    });

    it('is limited for headers, requests and idle connections', () => {
      const http = serverOf(() => {});
      expect(http.headersTimeout).to.equal(10_000);
      expect(http.requestTimeout).to.equal(120_000);
      expect(http.keepAliveTimeout).to.equal(65_000);
    });
  });

  describe('places', () => {
    it('are limited for the streams of a user, and free again when a stream ends', async () => {
      const [greedy, other] = [await buildUser(), await buildUser()];
      const [mine, theirs] = [await send(api, greedy), await send(api, other)];
      const ends = new AbortController();
      const open = (run: number, token: string) =>
        fetch(`${api.url}/api/v1/runs/${run}/events`, {
          headers: { authorization: `Bearer ${token}` },
          signal: ends.signal,
        });
      const streams = await Promise.all(
        Array.from({ length: STREAMS }, () => open(mine.run_id, greedy.access)),
      );
      for (const { status } of streams) expect(status).to.equal(200);
      const refused = await call(`${api.url}/api/v1/runs/${mine.run_id}/events`, 'GET', undefined, {
        token: greedy.access,
      });
      expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited']);
      expect((await open(theirs.run_id, other.access)).status).to.equal(200);
      ends.abort();
      const again = new AbortController();
      const headers = { authorization: `Bearer ${greedy.access}` };
      let status = 429;
      while (status === 429)
        ({ status } = await fetch(`${api.url}/api/v1/runs/${mine.run_id}/events`, {
          headers,
          signal: again.signal,
        }));
      again.abort();
    });

    it('are limited for the sockets of a user, both kinds together', async () => {
      const greedy = await buildUser();
      // Plain GETs: they take no place.
      for (let i = 0; i < 5; i += 1)
        expect(
          (await get(`/api/v1/chat/ws/${greedy.id}?token=${greedy.access}`)).get('content-type'),
        ).to.match(/problem/);
      const wires = await Promise.all(
        Array.from({ length: SOCKETS - 1 }, () => dial(api.url, greedy.id, greedy.access)),
      );
      const device = await connectDevice(api.url, greedy.access);
      const refused = await dial(api.url, greedy.id, greedy.access).catch((err: unknown) => err);
      expect(refused).to.deep.include({ status: 429 });
      const late = await connectDevice(api.url, greedy.access).catch((err: unknown) => err);
      expect((late as { data?: object }).data).to.include({ code: 'rate_limited', status: 429 });
      device.close();
      for (const { socket } of wires) socket.terminate();
      let back: Awaited<ReturnType<typeof dial>> | undefined;
      while (!back)
        back = await dial(api.url, greedy.id, greedy.access).catch((err: { status?: number }) => {
          if (err.status !== 429) throw err;
          return undefined;
        });
      back.socket.terminate();
    });
  });

  it('count an IPv6 address by its /64', () => {
    const networks: [string, string][] = [
      ['203.0.113.9', '203.0.113.9'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['2001:0db8:0000:0000:ffff::', '2001:db8:0:0::/64'],
      ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
      ['::1', '0:0:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ];
    for (const [ip, network] of networks) expect(networkOf(ip), ip).to.equal(network);
  });
});
