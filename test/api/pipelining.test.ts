import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { servedWeb } from '../support/web.ts';

describe('HTTP pipelining', () => {
  const api = servedWeb();

  /** Writes `count` requests at once on one connection. Returns when all are answered or the connection ends. */
  async function pipelined(count: number, path = '/health'): Promise<{ answers: number; ended: boolean }> {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    let [text, ended] = ['', false];
    const closed = new Promise<void>((over) => {
      socket.once('close', () => over());
    }).then(() => {
      ended = true;
    });
    const answered = new Promise<void>((all) => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (count === answersIn(text)) all();
      });
    });
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count));
    await Promise.race([closed, answered]);
    socket.destroy();
    return { answers: answersIn(text), ended };
  }

  function answersIn(text: string): number {
    return text.split('HTTP/1.1 ').length - 1;
  }

  it('answers 32 requests at a time on one connection', async () => {
    expect(await pipelined(32)).to.deep.equal({ answers: 32, ended: false });
  });

  it('ends a connection with more than 32 pending requests, and serves others', async () => {
    for (const path of ['/health', '/nowhere', '/socket.io/']) {
      const { answers, ended } = await pipelined(20_000, path);
      expect([path, answers < 20_000, ended]).to.deep.equal([path, true, true]);
    }
    expect((await fetch(`${api.url}/livez`)).status).to.equal(200);
  });

  it('makes at most one probe query at a time for any number of connections', async () => {
    let [asking, most] = [0, 0];
    const isProbe = ({ sql }: { sql: string }) => (sql === 'SELECT 1' ? 1 : 0);
    const begin = (query: { sql: string }) => {
      asking += isProbe(query);
      most = Math.max(most, asking);
    };
    const end = (_: unknown, query: { sql: string }) => {
      asking -= isProbe(query);
    };
    knex.on('query', begin).on('query-response', end);
    const paths = Array.from({ length: 300 }, (_, i) => (i % 2 ? '/health' : '/readyz'));
    const answers = await Promise.all(paths.map((path) => fetch(api.url + path)));
    knex.off('query', begin).off('query-response', end);
    // /health may answer 503 without a model.
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).to.deep.equal([]);
    expect(most).to.be.within(1, 2);
  });
});
