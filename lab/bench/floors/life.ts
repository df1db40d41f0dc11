/**
 * Floor of an answer: the same statements by bare pg, a bare BullMQ flow, the openai SDK's calls, and a plain list with a
 * publication for each event of the log; nothing checks, fences, retries or limits. `producer`: {user_id, session_id, content} →
 * {run_id}. `worker FLOW QUEUE`: does the work of a stage. Completion's of the flow `life` sends {ended, first}, with the time of
 * the first token. That of `front` publishes what Socket.IO forwards to the user's clients; floors/accept.ts makes its flows.
 */
import { FlowProducer, Worker } from 'bullmq';
import OpenAI from 'openai';
import pg from 'pg';
import { packet } from '../../../shared/delivery/push.ts';
import { connect } from '../../../shared/delivery/redis.ts';
import { flowOf } from './flowOf.ts';
import { type Statement, statements } from './statements.ts';

type Posted = { user_id: number; session_id: number; content: string };
type Found = { id: number; question: string; answer: string; similarity: number };
type Loaded = { user_id: number; question: string };

const [role = '', flow = '', queue = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
/** Like the product's connection: commands of one turn of the event loop share one write. */
const connection = connect('floor', { maxRetriesPerRequest: null });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
const sql = await statements();
const openai = new OpenAI({ maxRetries: 0 });
const model = 'bench';
/** Ms between two events of an answer, and between two marks of ended runs; as ours. */
const [FLUSH, TOGETHER] = [25, 100];
/** As many passages as a prompt holds in this bench. */
const PASSAGES = 4;

const stages: Record<string, (runId: number) => Promise<void>> = { moderation, context, completion };
if (role === 'producer') produce();
else {
  const stage = stages[queue] as (runId: number) => Promise<void>;
  const concurrency = { context: 8, moderation: 50 }[queue] ?? 100;
  const work = (job: { data: { run_id: number } }) => stage(job.data.run_id);
  await new Worker(`${flow}-${queue}`, work, { connection, concurrency }).waitUntilReady();
}
process.send?.({ port: 0 });

function produce(): void {
  const flows = new FlowProducer({ connection });
  process.on('message', async (message: Posted | 'count') => {
    if (message === 'count') return;
    const [accepted] = await rows<{ run_id: string }>(sql.accept, message);
    const run_id = Number(accepted?.run_id);
    process.send?.({ user_id: message.user_id, run_id });
    await flows.add(flowOf('life', { run_id }));
  });
}

async function moderation(runId: number): Promise<void> {
  const [turn] = await rows<Loaded>(sql.loadTurn, { runId });
  await openai.moderations.create({ model, input: turn?.question ?? '' });
  await rows(sql.saveVerdict, { runId });
}

async function context(runId: number): Promise<void> {
  const [turn] = await rows<Loaded>(sql.loadAsked, { runId });
  const text = turn?.question ?? '';
  const embedded = await openai.embeddings.create({ model, input: [text], encoding_format: 'float' });
  const vectors = [JSON.stringify(embedded.data[0]?.embedding)];
  const found = await rows<Found>(sql.search, { text, models: ['text-embedding-3-small'], vectors });
  const passages = found
    .slice(0, PASSAGES)
    .map(({ id, ...faq }) => ({ faq_id: id, question: faq.question, answer: faq.answer, similarity: 1 }));
  const [record] = sql.saveContext({}).values as [object];
  await rows(sql.saveContext, { runId, context: { ...record, passages } });
}

async function completion(runId: number): Promise<void> {
  const [claimed] = await rows<Loaded>(sql.claim, { runId });
  const messages = [{ role: 'user' as const, content: claimed?.question ?? '' }];
  const events: Promise<unknown>[] = [];
  const show = (event: string, text: string) => {
    const { channel, payload } = published(claimed?.user_id ?? 0, event, { run_id: runId, text });
    events.push(connection.pipeline().rpush(`life:${runId}`, text).publish(channel, payload).exec());
  };
  let [content, shown, flushed, first] = ['', 0, -Infinity, 0];
  for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true })) {
    content += chunk.choices[0]?.delta.content ?? '';
    first ||= now();
    if (performance.now() - flushed < FLUSH) continue;
    show('response.delta', content.slice(shown));
    [shown, flushed] = [content.length, performance.now()];
  }
  show('response.delta', content.slice(shown));
  const outcome = sql.finish({}).values.at(-1) as object;
  await rows(sql.finish, { runId, outcome: { ...outcome, content } });
  show('response', content);
  await Promise.all(events);
  await connection.expire(`life:${runId}`, 60);
  mark(runId);
  if (flow === 'life') process.send?.({ ended: runId, first });
}

/** Returns what an event publishes: a packet for the user's clients, or its text alone where nobody listens. */
function published(userId: number, event: string, data: { run_id: number; text: string }) {
  if (flow === 'front') return packet(userId, event, data);
  return { channel: 'life', payload: data.text };
}

let marked: number[] = [];
/** Marks runs that ended within a moment in one statement, as ours does. */
function mark(runId: number): void {
  if (marked.push(runId) > 1) return;
  setTimeout(() => {
    const runIds = marked;
    marked = [];
    void rows(sql.mark, { runIds });
  }, TOGETHER);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function rows<Row extends object>(statement: Statement, values: object): Promise<Row[]> {
  return (await pool.query<Row>(statement(values as Record<string, unknown>))).rows;
}
