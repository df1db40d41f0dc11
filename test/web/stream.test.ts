import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import type { RunEvent } from '../../web/sdk/events.ts';
import { readRun } from '../../web/sdk/stream.ts';

/** Reads a body that comes in pieces. */
async function read(pieces: string[]): Promise<RunEvent[]> {
  const server = createServer((_, response) => {
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const events: RunEvent[] = [];
  const base = `http://127.0.0.1:${port}`;
  await readRun({ base, token: '', run: 1, after: 0, take: (event) => events.push(event) });
  server.close();
  return events;
}

describe('a run’s stream', () => {
  // Line separators are no line breaks of the format: what follows one belongs to the answer.
  const delta = 'a: b\u2028event: response\u2029data: {}';
  const data = { run_id: 1, attempt: 1, seq: 2, delta };
  const expected = [
    { event: 'run.status', data: { seq: 1 } },
    { event: 'response.delta', data },
  ];
  const body = `:\n\nid: 1\nevent: run.status\ndata: {"seq":1}\n\n: a comment\nid: 2\nevent: response.delta\ndata: ${JSON.stringify(data)}\n\n`;

  it('is the same however it is cut', async () => {
    expect(await read([body])).to.deep.equal(expected);
    expect(await read([...body])).to.deep.equal(expected);
  });

  it('is the same with the line breaks of Windows', async () => {
    const windows = body.replaceAll('\n', '\r\n');
    expect(await read([windows])).to.deep.equal(expected);
    expect(await read([...windows])).to.deep.equal(expected);
  });

  it('gives no event that broke off', async () => {
    expect(await read([body.slice(0, -1)])).to.deep.equal(expected.slice(0, 1));
  });
});
