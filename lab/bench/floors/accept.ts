/**
 * Floors of accept: a bare Koa that reads a body and makes the same SQL call, which checks the session. `calls`: also the
 * product's calls for limits, the message's other devices and the queue. `packages`: also what the packages do of which the
 * product's HTTP consists, before any code of its own: router, token, headers, schema, metrics. `front`: as `packages`, for the
 * workers of floors/life.ts.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import cors from '@koa/cors';
import Router from '@koa/router';
import { Ajv } from 'ajv';
import { FlowProducer } from 'bullmq';
import Koa, { type Context } from 'koa';
import helmet from 'koa-helmet';
import koaJwt from 'koa-jwt';
import { Histogram } from 'prom-client';
import rawBody from 'raw-body';
import { withinLimits } from '../../../shared/limits/sending.ts';
import { type Packet, packet } from '../../../shared/delivery/push.ts';
import { connect } from '../../../shared/delivery/redis.ts';
import { settleInBackground } from '../../../shared/delivery/runs.ts';
import { type Accepted, acceptMessage } from '../../../db/models/run.ts';
import { flowOf } from './flowOf.ts';

const [kind = ''] = process.argv.slice(2);
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
  if ('run_id' in accepted) handOver(accepted, packet(body.user_id, 'message', body));
  return accepted;
};
const handOver = kind === 'front' ? toFront() : toParley;

function toParley({ ended, next }: Accepted, told: Packet): void {
  settleInBackground({ ended, next, told: [told] });
}

function toFront() {
  const connection = connect('floor', { maxRetriesPerRequest: null });
  const flows = new FlowProducer({ connection });
  return ({ run_id }: Accepted, { channel, payload }: Packet): void => {
    void connection.publish(channel, payload);
    void flows.add(flowOf('front', { run_id }));
  };
}

const take = kind === 'sql' ? storeOnly : allCalls;
const app = new Koa();
const answer = async (ctx: Context) => {
  ctx.status = 202;
  ctx.body = await take(JSON.parse(await rawBody(ctx.req, 'utf8')) as Body);
};
if (kind === 'packages' || kind === 'front') usePackages();
else app.use(answer);

function usePackages(): void {
  const fits = new Ajv().compile({
    type: 'object',
    required: ['content'],
    properties: { content: { type: 'string' }, user_id: { type: 'integer' }, sid: { type: 'integer' } },
    additionalProperties: false,
  });
  const times = new Histogram({ name: 'bench_seconds', help: 'seconds', labelNames: ['route', 'status'] });
  const secret = process.env.JWT_SECRET ?? '';
  const router = new Router();
  router.post('/api/v1/chat/send', koaJwt({ secret, key: 'claims' }), async (ctx) => {
    ctx.status = 202;
    const read = JSON.parse(await rawBody(ctx.req, 'utf8')) as Body;
    if (!fits(read)) throw new Error('not a message');
    ctx.body = await take(read);
  });
  app.use(async (ctx, next) => {
    const end = times.startTimer();
    await next();
    end({ route: ctx.path, status: ctx.status });
  });
  app
    .use(helmet({}))
    .use(
      cors({
        origin: () => '',
        allowMethods: [],
        allowHeaders: [],
        exposeHeaders: [],
        maxAge: 600,
        keepHeadersOnError: true,
      }),
    )
    .use(router.routes())
    .use(router.allowedMethods());
}

const server = createServer(app.callback());
// Longer than the other figures' rounds: a caller must not use a closing connection.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
