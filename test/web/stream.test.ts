import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { RunEvent } from '../../web/sdk/events.ts';
import { Unreachable } from '../../web/sdk/http.ts';
import { readRun } from '../../web/sdk/stream.ts';

/** Reads a body that comes in pieces. */
async function read(pieces: (string | Buffer)[]): Promise<RunEvent[]> {
  const { base, close } = await serve((response) => {
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  const events: RunEvent[] = [];
  await readRun({ base, token: '', run: 1, after: 0, take: (event) => events.push(event) });
  close();
  return events;
}

async function serve(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { base: `http://127.0.0.1:${port}`, close };
}

/** Cuts between all bytes, also within a character. */
function bytesOf(body: string): Buffer[] {
  return [...Buffer.from(body)].map((byte) => Buffer.of(byte));
}

describe('a run’s stream', () => {
  // A line separator is not a line break of the format: what follows it belongs to the answer.
  const delta = 'a: b 🙂\u2028event: response\u2029data: {}';
  const data = { run_id: 1, attempt: 1, seq: 2, delta };
  const expected = [
    { event: 'run.status', data: { seq: 1 } },
    { event: 'response.delta', data },
  ];
  const body = `\uFEFFevent: run.status\nid: 1\ndata:{"seq":1}\n\n:\n\n: a comment\nretry: 5\nid: 2\nevent: response.delta\ndata: ${JSON.stringify(data)}\n\n`;

  it('is the same however it is cut', async () => {
    expect(await read([body])).to.deep.equal(expected);
    expect(await read(bytesOf(body))).to.deep.equal(expected);
  });

  it('is the same with the line breaks of Windows', async () => {
    const windows = body.replaceAll('\n', '\r\n');
    expect(await read([windows])).to.deep.equal(expected);
    expect(await read(bytesOf(windows))).to.deep.equal(expected);
  });

  it('gives no event that broke off', async () => {
    expect(await read([body.slice(0, -1)])).to.deep.equal(expected.slice(0, 1));
  });

  it('is hung up after an event that cannot be read', async () => {
    const closed = Promise.withResolvers<void>();
    const { base, close } = await serve((response) => {
      response.on('close', closed.resolve);
      response.write('event: response.delta\ndata: {\n\n');
    });
    const reading = readRun({ base, token: '', run: 1, after: 0, take: () => {} });
    expect(await reading.catch((err: Error) => err)).to.be.instanceOf(Unreachable);
    await closed.promise;
    close();
  });
});
