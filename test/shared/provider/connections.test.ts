import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { streamChat } from '../../../shared/provider/chat.ts';
import { allProviders, chatModels } from '../../../shared/provider/config.ts';
import { moderate } from '../../../shared/provider/moderation.ts';
import { post } from '../../../shared/provider/post.ts';
import { ProviderError } from '../../../shared/provider/providerErrors.ts';

describe('a connection to the provider', () => {
  let server: Server;
  const sockets: Socket[] = [];
  const bodies: ServerResponse[] = [];
  let [location, encoding, movedTo] = ['/moved', 'gzip', 0];

  /** Serves answers whose bodies stay open behind `[DONE]`; and verdicts at another address, compressed though nobody asked. */
  before(async () => {
    server = createServer((request, res) => {
      if (request.url?.endsWith('/moderations')) return res.writeHead(307, { location }).end();
      if (request.url === '/moved') return void moved(request, res);
      bodies.push(res);
      request.resume().on('end', () => {
        res.setHeader('content-type', 'text/event-stream');
        const choice = { index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' };
        res.write(`data: ${JSON.stringify({ choices: [choice] })}\n\ndata: [DONE]\n\n`);
      });
    });
    server.on('connection', (socket) => sockets.push(socket));
    server.listen(Number(URL.parse(process.env.OPENAI_BASE_URL ?? '')?.port ?? 0), '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  async function moved(request: IncomingMessage, res: ServerResponse): Promise<void> {
    const { input } = JSON.parse((await request.setEncoding('utf8').toArray()).join('')) as { input: string };
    const verdict = {
      model: 'moved',
      results: [{ flagged: input === 'Bad', categories: { violence: true } }],
    };
    const body = JSON.stringify(verdict);
    movedTo++;
    res.writeHead(200, { 'content-encoding': encoding }).end(encoding === 'gzip' ? gzipSync(body) : body);
  }

  async function ask(): Promise<string> {
    const [model] = chatModels();
    if (model === undefined) throw new Error('no model');
    const messages = [{ role: 'user' as const, content: 'Hello?' }];
    const request = { model, messages, max_completion_tokens: 10, temperature: 0 };
    let text = '';
    for await (const { delta } of streamChat(request, new AbortController().signal)) text += delta;
    return text;
  }

  it('stays open when a body ends behind its last event', async () => {
    expect(await ask()).to.equal('Hello');
    bodies.at(-1)?.end();
    expect(await ask()).to.equal('Hello');
    bodies.at(-1)?.end();
    expect(sockets.map(({ destroyed }) => destroyed)).to.not.include(true);
  });

  it('follows a redirect, and reads an answer that is compressed all the same', async () => {
    expect(await moderate('Bad')).to.deep.equal({ flagged: true, categories: ['violence'], model: 'moved' });
  });

  it('reads an answer as it is where its encoding is none', async () => {
    encoding = 'UTF-8';
    expect((await moderate('Bad too')).flagged).to.equal(false);
  });

  it('follows no redirect to another host, which would get the key', async () => {
    const before = movedTo;
    location = `http://localhost:${(server.address() as AddressInfo).port}/moved`;
    const refused = await moderate('Bad').catch((err: Error) => err);
    expect(refused).to.be.instanceOf(ProviderError);
    expect(String((refused as ProviderError).cause)).to.contain('another host');
    expect(movedTo).to.equal(before);
  });

  it('is given up as soon as its signal aborts, while it is being opened', async function () {
    // undici itself gives up after ten seconds.
    this.timeout(8_000);
    const silent = createTcpServer((socket) => sockets.push(socket));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const [provider] = allProviders();
    if (provider === undefined) throw new Error('no provider');
    const { port } = silent.address() as AddressInfo;
    const controller = new AbortController();
    const answer = post({ ...provider, url: `https://127.0.0.1:${port}` }, '/models', {}, controller.signal);
    const refused = answer.catch((err: unknown) => err);
    await once(silent, 'connection');
    controller.abort();
    expect(await refused).to.be.instanceOf(ProviderError);
    sockets.at(-1)?.destroy();
    silent.close();
  });

  it('is closed when a body goes on', async () => {
    expect(await ask()).to.equal('Hello');
    await once(bodies.at(-1) as ServerResponse, 'close');
  });
});
