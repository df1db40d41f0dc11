/** Floor of accept: a bare Koa that reads a body and makes the same SQL call. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import rawBody from 'raw-body';
import { acceptMessage } from '../../../db/models/run.ts';

const app = new Koa();
app.use(async (ctx) => {
  const { content, user_id } = JSON.parse(await rawBody(ctx.req, 'utf8')) as {
    content: string;
    user_id: number;
  };
  ctx.status = 202;
  ctx.body = await acceptMessage(
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
    },
    1_000_000,
  );
});
const server = createServer(app.callback());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
