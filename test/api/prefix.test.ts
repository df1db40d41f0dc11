import { once } from 'node:events';
import { expect } from 'chai';
import { io } from 'socket.io-client';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { type PrefixProxy, startPrefixProxy } from '../support/prefix.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

describe('behind a proxy that strips a prefix', function () {
  this.timeout(60_000);
  let proxy: PrefixProxy;
  let web: Process;
  before(async () => {
    proxy = await startPrefixProxy('/parley');
    web = await startProcfile('web', {
      PUBLIC_URL: `${proxy.url}/`,
      CORS_ALLOW_ORIGINS: 'https://chat.example.org/',
    });
    proxy.to(web.url);
  });
  after(async () => {
    await proxy.close();
    await web.stop();
  });
  const json = async (path: string) => (await fetch(`${proxy.url}${path}`)).json();

  it('the documents name the public address', async () => {
    const openapi = (await json('/openapi.json')) as { servers: object[] };
    expect(openapi.servers).to.deep.equal([{ url: proxy.url }]);
    const { servers } = (await json('/asyncapi.json')) as { servers: Record<string, object> };
    const { host } = new URL(proxy.url);
    expect(servers.ws).to.include({ host, pathname: '/parley', protocol: 'ws' });
    expect(servers.http).to.include({ host, pathname: '/parley', protocol: 'http' });
  });

  it('a Location header works as it is', async () => {
    const user = await buildUser();
    const headers = { authorization: `Bearer ${user.access}`, 'content-type': 'application/json' };
    const sent = await fetch(`${proxy.url}/api/v1/chat/send`, {
      method: 'POST',
      headers,
      body: '{"content":"Hi"}',
    });
    const location = new URL(sent.headers.get('location') ?? '', sent.url);
    expect(location.pathname).to.match(/^\/parley\/api\/v1\/runs\/\d+$/);
    expect((await fetch(location, { headers })).status).to.equal(200);
  });

  it('the documents page loads its parts below the prefix, with and without a final slash', async () => {
    for (const path of ['/docs', '/docs/']) {
      const page = await fetch(`${proxy.url}${path}`);
      const parts = [...(await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)].map(([, part = '']) => part);
      expect(parts).to.have.length(4);
      for (const part of parts) expect((await fetch(new URL(part, page.url))).status, part).to.equal(200);
    }
  });

  it('the board signs in with its cookie and addresses below the prefix', async () => {
    const admin = await buildUser({ role: 'admin' });
    const page = await (
      await fetch(`${proxy.url}/admin/queues`, { headers: { accept: 'text/html' } })
    ).text();
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ email: admin.email, password: PASSWORD });
    const headers = { origin: new URL(proxy.url).origin, accept: 'text/html' };
    const signedIn = await fetch(new URL(action, proxy.url), {
      method: 'POST',
      body,
      headers,
      redirect: 'manual',
    });
    expect(signedIn.status).to.equal(303);
    expect(signedIn.headers.get('location')).to.equal('/parley/admin/queues');
    const cookie = signedIn.headers.get('set-cookie') ?? '';
    expect(cookie).to.match(/path=\/parley\/admin\/queues;/i);
    const board = await fetch(`${proxy.url}/admin/queues`, {
      headers: { accept: 'text/html', cookie: cookie.split(';')[0] ?? '' },
    });
    expect(await board.text()).to.contain('<base href="/parley/admin/queues/"');
  });

  it('sockets connect from the public page and listed origins only', async () => {
    const { access: token } = await buildUser();
    const { origin, pathname } = new URL(proxy.url);
    const dial = async (from: string) => {
      const socket = io(origin, {
        path: `${pathname}/socket.io`,
        transports: ['websocket'],
        auth: { token },
        extraHeaders: { origin: from },
        reconnection: false,
        forceNew: true,
      });
      const connected = await Promise.race([
        once(socket as never, 'connect').then(() => true),
        once(socket as never, 'connect_error').then(() => false),
      ]);
      socket.disconnect();
      return connected;
    };
    expect(await dial(origin)).to.equal(true);
    expect(await dial('https://chat.example.org')).to.equal(true);
    expect(await dial('https://evil.example.org')).to.equal(false);
  });

  it('a browser of a listed origin may call', async () => {
    const answer = await fetch(`${proxy.url}/livez`, { headers: { origin: 'https://chat.example.org' } });
    expect(answer.headers.get('access-control-allow-origin')).to.equal('https://chat.example.org');
  });
});
