import type { Server, ServerResponse } from 'node:http';

/**
 * Prepares a server for its end. A proxy that reads `Connection: close` opens its next connection elsewhere.
 * @returns a function that puts `Connection: close` on every later answer, also to requests that are already here
 */
export function sayingClose(http: Server): () => void {
  const begun = new Set<ServerResponse>();
  let draining = false;
  http.prependListener('request', (_, answer: ServerResponse) => {
    if (draining) return say(answer);
    begun.add(answer);
    answer.once('close', () => begun.delete(answer));
  });
  return () => {
    draining = true;
    for (const answer of begun) if (!answer.headersSent) say(answer);
  };
}

function say(answer: ServerResponse): void {
  answer.setHeader('connection', 'close');
}
