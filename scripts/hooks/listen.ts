import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSignedBy } from '../../shared/webhooks/sign.ts';
import { visible } from '../services/visible.ts';

type Settings = { port: number; status: number; secrets: string[] };
const MOST_BYTES = 1_048_576;
/** Seconds that a timestamp may be off: an older request may be a replay. */
const TOLERANCE = 300;
const RIGHT = 'verified';
/** What is said of a request whose webhook-id has come before. */
const AGAIN = ', seen before: a retry or a replay, to be taken once';

/** Serves an endpoint on this machine. Prints every request and what is wrong with it. Port 0: any free one. */
export async function listenForHooks(
  { port, status, secrets }: Settings,
  print: (line: string) => void,
): Promise<{ url: string; close: () => Promise<void> }> {
  const seen = new Set<string>();
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST_BYTES) req.destroy();
      else chunks.push(chunk);
    });
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const said = verdict(req.headers, body, secrets);
      const id = String(req.headers['webhook-id'] ?? 'missing');
      print(
        `${new Date().toISOString()} ${req.method} ${req.url}  ${said}${said === RIGHT && seen.has(id) ? AGAIN : ''}`,
      );
      if (said === RIGHT) seen.add(id);
      print(`  webhook-id ${visible(id)}`);
      print(shown(body));
      res.writeHead(status).end();
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Says what a receiver should make of a request, by the rules of Standard Webhooks. */
function verdict(headers: IncomingHttpHeaders, body: string, secrets: string[]): string {
  const [id, time, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name],
  );
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signature !== 'string')
    return 'REFUSE: headers are missing';
  if (secrets.length === 0) return 'not checked';
  const timestamp = Number(time);
  if (!Number.isInteger(timestamp) || Math.abs(Date.now() / 1_000 - timestamp) > TOLERANCE)
    return 'REFUSE: timestamp is off by more than five minutes';
  const right = secrets.some((secret) => isSignedBy(secret, signature, { id, timestamp, body }));
  return right ? RIGHT : 'REFUSE: signature is wrong';
}

function shown(body: string): string {
  try {
    return visible(JSON.stringify(JSON.parse(body), null, 2)).replace(/^/gm, '  ');
  } catch {
    return `  ${visible(body)}`;
  }
}
