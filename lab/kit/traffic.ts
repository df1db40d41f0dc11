import { randomUUID } from 'node:crypto';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LabUser, SEND } from './users.ts';

/** Outcome of posted messages; none is retried. */
export type Posted = { accepted: number; failures: string[]; slowestMs: number };

/**
 * Posts messages at a fixed rate through keep-alive connections. `end` stops; it resolves when all posts
 * are answered.
 * @param from the number of the first message: texts are different ones
 */
export function postMessages(
  url: string,
  users: LabUser[],
  rate: number,
  from = 0,
): { end: () => Promise<Posted> } {
  const posted: Posted = { accepted: 0, failures: [], slowestMs: 0 };
  let going = true;
  const all: Promise<void>[] = [];
  const drive = async () => {
    const began = performance.now();
    for (let i = 0; going; i += 1) {
      await sleep(Math.max(0, began + (i * 1_000) / rate - performance.now()));
      const due = performance.now();
      const user = users[i % users.length] as LabUser;
      const sent = post(url + SEND, user.token, `rolling ${from + i} tokens:12`).then((said) => {
        posted.slowestMs = Math.max(posted.slowestMs, performance.now() - due);
        if (said === '202') posted.accepted += 1;
        else posted.failures.push(said);
      });
      all.push(sent);
    }
  };
  const driving = drive();
  return {
    async end() {
      going = false;
      await driving;
      await Promise.all(all);
      return posted;
    },
  };
}

// Idle connections of an agent keep no process alive.
const plain = new PlainAgent({ keepAlive: true });
// The certificate was made a moment ago, by ourselves.
const tls = new TlsAgent({ keepAlive: true, rejectUnauthorized: false });

/** Posts a message. Returns the status, or the error's code. */
function post(url: string, token: string, content: string): Promise<string> {
  const body = JSON.stringify({ content });
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'idempotency-key': randomUUID(),
  };
  return ask(url, headers, body);
}

/** Makes a request, a POST where it has a body. Returns the status, or the error's code. */
export function ask(url: string, headers: Record<string, string>, body?: string): Promise<string> {
  const method = body === undefined ? 'GET' : 'POST';
  const secure = url.startsWith('https:');
  const options = { agent: secure ? tls : plain, method, headers };
  return new Promise((resolve) => {
    const call = (secure ? tlsRequest : plainRequest)(url, options, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(String(answer.statusCode)));
      answer.once('error', (err) => resolve(err.message));
    });
    call.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    call.end(body);
  });
}
