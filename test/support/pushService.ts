import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Arrivals } from './arrivals.ts';

/** A push as the browser reads it. */
export type Pushed = { headers: IncomingHttpHeaders; payload: Record<string, unknown> };
/** A browser with its push service. */
export type Browser = {
  /** What the browser gives to a site. */
  subscription: { endpoint: string; keys: { p256dh: string; auth: string } };
  pushes: Pushed[];
  /** Resolves to the n-th push (the first: 1); rejects after 30 s. */
  next: (n?: number) => Promise<Pushed>;
  /** The status of later answers; a push that is refused is not kept. */
  answer: (status: number) => void;
  /** How many requests came. */
  asked: () => number;
  stop: () => Promise<void>;
};

/** Decrypts a body of aes128gcm with one record, as RFC 8291 has it. */
export function decrypt(body: Buffer, key: ReturnType<typeof createECDH>, auth: Buffer): Buffer {
  const [salt, length] = [body.subarray(0, 16), body[20] ?? 0];
  const sender = body.subarray(21, 21 + length);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), key.getPublicKey(), sender]);
  const part = (material: ArrayBuffer | Buffer, by: Buffer, what: Buffer | string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(material as ArrayBuffer), by, what, bytes));
  const material = part(key.computeSecret(sender), auth, info, 32);
  const cipher = createDecipheriv(
    'aes-128-gcm',
    part(material, salt, 'Content-Encoding: aes128gcm\0', 16),
    part(material, salt, 'Content-Encoding: nonce\0', 12),
  );
  const record = body.subarray(21 + length);
  cipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
  const end = padded.lastIndexOf(2);
  return padded.subarray(0, end);
}

export async function startBrowser(): Promise<Browser> {
  const [key, auth] = [createECDH('prime256v1'), randomBytes(16)];
  const p256dh = key.generateKeys().toString('base64url');
  const arrived = new Arrivals<Pushed>();
  let [status, asked] = [201, 0];
  const server = createServer((request, answer) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked += 1;
      if (status < 300) {
        const payload = JSON.parse(String(decrypt(Buffer.concat(chunks), key, auth))) as Record<
          string,
          unknown
        >;
        arrived.add({ headers: request.headers, payload });
      }
      answer.writeHead(status).end();
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push/${randomBytes(8).toString('hex')}`;
  return {
    subscription: { endpoint, keys: { p256dh, auth: auth.toString('base64url') } },
    pushes: arrived.all,
    next: (n = 1) =>
      arrived.until(
        (pushes) => pushes[n - 1],
        () => `no push ${n} among ${JSON.stringify(arrived.all)}`,
      ),
    answer: (next) => {
      status = next;
    },
    asked: () => asked,
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  };
}
