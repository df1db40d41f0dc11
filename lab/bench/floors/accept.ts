/**
 * Floors of accept: a bare Koa that reads a body and makes the same SQL call, which checks the session. `calls`: also the
 * product's calls for limits, the message's other devices and the queue.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import rawBody from 'raw-body';
import { withinLimits } from '../../../shared/limits/sending.ts';
import { packet } from '../../../shared/delivery/push.ts';
import { settleInBackground } from '../../../shared/delivery/runs.ts';
import { acceptMessage } from '../../../db/models/run.ts';

type Body = { content: string; user_id: number; sid: number };
const storeOnly = ({ content, user_id, sid }: Body) =>
  acceptMessage(
    {
      user_id,
      conversation_id: null,
      content,
      language: null,
      metadata: {},
      multitask_strategy: 'enqueue',
      idempotency_key: null,
      request_hash: 'bench',
      request_id: null,
      session_id: sid,
    },
    1_000_000,
  );
const allCalls = async (body: Body) => {
  const sender = { user: { id: body.user_id }, ip: '127.0.0.1' };
  const accepted = await withinLimits(sender, { key: null, hash: '' }, () => storeOnly(body));
  if ('run_id' in accepted) {
    const told = [packet(body.user_id, 'message', body)];
    settleInBackground({ ended: accepted.ended, next: accepted.next, told });
  }
  return accepted;
};

const take = process.argv[2] === 'calls' ? allCalls : storeOnly;
const app = new Koa();
app.use(async (ctx) => {
  ctx.status = 202;
  ctx.body = await take(JSON.parse(await rawBody(ctx.req, 'utf8')) as Body);
});
const server = createServer(app.callback());
// Longer than the other figures' rounds: a caller must not use a closing connection.
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
