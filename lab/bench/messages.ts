import { ends } from './clients.ts';
import { type BenchUser, makeUsers, post, SEND } from './load.ts';
import { type Ground, WORKERS } from './stack.ts';

/** How many messages a round sends, and how many of them at the same time. */
export const MESSAGES = 400;
export const WIDTH = 100;
/** Before the first round: code that runs for days is compiled by then, and Postgres has planned what it plans once. */
export const WARM_UP = 1_500;

/** Starts the product with one of each worker; the function it returns answers so many messages and tells how many a second. */
export async function productRate(
  ground: Ground,
  workers = WORKERS,
  users = 50,
  width = WIDTH,
): Promise<(count: number) => Promise<number>> {
  await addFaqs(ground);
  const web = await ground.startType('web');
  await Promise.all(workers.map((type) => ground.startType(type)));
  const senders = await makeUsers(ground, users);
  const ended = await ends(senders, web.port, 'run_id');
  const send = async (i: number) => {
    const user = senders[i % senders.length] as BenchUser;
    const content = `q${i} ${Math.random()} tokens:32`;
    const sent = await post<{ run_id: number }>(web.port, SEND, { content }, user.token);
    await ended(sent.run_id);
  };
  await rate(WARM_UP, send, width);
  return (count) => rate(count, send, width);
}

/** A knowledge base of 50 FAQs, so that questions are embedded and searched for. */
export async function addFaqs(ground: Ground): Promise<void> {
  await ground.query(
    `INSERT INTO faqs (slug, question, answer, status, published_at, question_embedding, question_embedding_model,
       question_text_hash, answer_embedding, answer_embedding_model, answer_text_hash)
     SELECT 'thing-' || n, text, text, 'published', now(), vector, model, md5(text), vector, model, md5(text)
     FROM (SELECT n, 'What is thing number ' || n || '?' AS text, 'text-embedding-3-small' AS model,
       (SELECT array_agg(sin(n * 7919 + i) + 0.1) FROM generate_series(1, 1536) AS i)::vector AS vector
       FROM generate_series(1, 50) AS n) AS made`,
  );
}

/** `count` calls, so many at a time; how many a second. */
export async function rate(
  count: number,
  call: (i: number) => Promise<void>,
  width = WIDTH,
): Promise<number> {
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}
