/**
 * Floor of durability: the same work without run rows, fence, log and reconciler. A message and its reply are two plain
 * inserts, jobs rely on their queue, and the bare emitter pushes. Only for the bench. Arguments: `web`, or the names of
 * the queues to work.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Emitter } from '@socket.io/redis-emitter';
import { FlowProducer, type Job, Worker } from 'bullmq';
import Koa from 'koa';
import rawBody from 'raw-body';
import { rows } from '../../../db/sql.ts';
import { streamChat } from '../../../shared/provider/chat.ts';
import { modelNamed } from '../../../shared/provider/config.ts';
import { moderate } from '../../../shared/provider/moderation.ts';
import { connect } from '../../../shared/delivery/redis.ts';
import { countTokens } from '../../../shared/provider/tokens.ts';
import { findPassages } from '../../../shared/prompt/retrieval.ts';

type Payload = { user_id: number; conversation_id: number; message_id: number };
/** Like the product's connection: commands of one turn of the event loop share one write. */
const connection = connect('floor', { maxRetriesPerRequest: null });
const [role, ...queues] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
if (role === 'web') serve();
else await workQueues([role ?? '', ...queues]);

function serve(): void {
  const flows = new FlowProducer({ connection });
  const app = new Koa();
  app.use(async (ctx) => {
    const { content, user_id } = JSON.parse(await rawBody(ctx.req, 'utf8')) as {
      content: string;
      user_id: number;
    };
    const [conversation] = await rows<{ id: number }>(
      'INSERT INTO conversations (user_id) VALUES (:user_id) RETURNING id',
      { user_id },
    );
    const conversation_id = conversation?.id ?? 0;
    const [message] = await rows<{ id: number }>(
      `INSERT INTO messages (conversation_id, user_id, content, message_type, status)
       VALUES (:conversation_id, :user_id, :content, 'user', 'sent') RETURNING id`,
      { conversation_id, user_id, content },
    );
    const data: Payload = { user_id, conversation_id, message_id: message?.id ?? 0 };
    const stage = (name: string) => ({
      name,
      queueName: `plain-${name}`,
      data,
      opts: { removeOnComplete: true },
    });
    void flows.add({ ...stage('completion'), children: [stage('moderation'), stage('context')] });
    ctx.status = 202;
    ctx.body = data;
  });
  const server = createServer(app.callback());
  // Longer than the other figures' rounds: a caller must not use a closing connection.
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

async function workQueues(names: string[]): Promise<void> {
  const handlers: Record<string, (payload: Payload) => Promise<void>> = { moderation, context, completion };
  for (const name of names) {
    const handle = async (job: Job<Payload>) => handlers[name]?.(job.data);
    await new Worker(`plain-${name}`, handle, {
      connection,
      concurrency: name === 'context' ? 8 : 100,
    }).waitUntilReady();
  }
  process.send?.({ port: 0 });
}

async function textOf({ message_id }: Payload): Promise<string> {
  const [message] = await rows<{ content: string }>('SELECT content FROM messages WHERE id = :message_id', {
    message_id,
  });
  return message?.content ?? '';
}

async function moderation(payload: Payload): Promise<void> {
  await moderate(await textOf(payload));
}

async function context(payload: Payload): Promise<void> {
  const text = await textOf(payload);
  countTokens(text);
  await Promise.all([
    findPassages({ user_id: 0, question: text, language: 'en' }),
    rows(
      'SELECT content FROM messages WHERE conversation_id = :conversation_id AND id < :message_id ORDER BY id DESC LIMIT 10',
      payload,
    ),
  ]);
}

async function completion(payload: Payload): Promise<void> {
  const emitter = new Emitter(connection).to(`user:${payload.user_id}`);
  const request = {
    model: modelNamed('bench'),
    messages: [{ role: 'user' as const, content: await textOf(payload) }],
    max_completion_tokens: 1_000,
    temperature: 0.7,
  };
  let [content, shown, flushed] = ['', 0, -Infinity];
  for await (const { delta } of streamChat(request, new AbortController().signal)) {
    content += delta;
    if (performance.now() - flushed < 25) continue;
    emitter.emit('response.delta', { ...payload, delta: content.slice(shown) });
    [shown, flushed] = [content.length, performance.now()];
  }
  const { conversation_id, user_id } = payload;
  await rows(
    `INSERT INTO messages (conversation_id, user_id, content, message_type, status)
     VALUES (:conversation_id, :user_id, :content, 'assistant', 'sent')`,
    { conversation_id, user_id, content },
  );
  emitter.emit('response', { ...payload, content });
}
