import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { addWebhook, EVENT_TYPES, type WebhookFields, type WebhookRow } from '../../db/models/webhook.ts';
import { seal } from '../../shared/base/secretBox.ts';
import { labelOf } from '../../shared/webhooks/endpoints.ts';
import { newSecret } from '../../shared/webhooks/sign.ts';

export type BuiltWebhook = WebhookRow & { secret: string };

/** Adds an endpoint that wants every event, unless `fields` say otherwise. */
export async function buildWebhook({
  created_by,
  ...fields
}: Partial<WebhookFields> & { created_by: number }): Promise<BuiltWebhook> {
  const secret = newSecret();
  const added = await addWebhook(
    {
      url: 'https://hooks.invalid/',
      events: [...EVENT_TYPES],
      description: '',
      enabled: true,
      include_content: false,
      ...fields,
    },
    { createdBy: created_by, most: 1_000, sealFor: (id) => seal(secret, labelOf(id)) },
    async () => {},
  );
  if (added === undefined) throw new Error('not added');
  return { ...added, secret };
}

export type Received = { headers: IncomingHttpHeaders; body: string };
export type Receiver = {
  url: string;
  /** What came, in order of arrival. */
  received: Received[];
  /** How it answers; tests replace it. */
  answer: (res: ServerResponse, nth: number) => void;
  close: () => Promise<void>;
};

/** Serves an endpoint on a socket; answers 204 unless told otherwise. */
export async function serveReceiver(): Promise<Receiver> {
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    receiver.received.push({ headers: req.headers, body });
    res.on('error', () => {});
    receiver.answer(res, receiver.received.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    answer: (res) => res.writeHead(204).end(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return receiver;
}

/** Verifies a request with the library of Standard Webhooks. Returns its body. @throws where the signature is not the secret's */
export function verified(secret: string, { headers, body }: Received): Record<string, unknown> {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, unknown>;
}
