import type { Server, ServerResponse } from 'node:http';

/**
 * Prepares a server for its end: what it returns makes every answer from now on say `Connection: close`, those included whose
 * request is here already. A proxy then opens its next connection elsewhere, instead of sending into one that closes.
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
