import { randomBytes } from 'node:crypto';
import { listen } from './clients.ts';
import { post } from './load.ts';
import { type LabUser, makeUsers, SEND } from '../kit/users.ts';
import { type Ground, WORKERS } from '../kit/ground.ts';

/** Messages per round; messages at once. */
export const MESSAGES = 400;
export const WIDTH = 100;
/** Messages before the first round: the code is then compiled, and Postgres has made its plans, as after days of work. */
export const WARM_UP = 1_500;

/** Starts the product with one of each worker. Returns a function that has messages answered and resolves to the rate. */
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
  const { ended } = await listen(senders, web.port, 'run_id');
  const send = async (i: number) => {
    const user = senders[i % senders.length] as LabUser;
    const sent = await post<{ run_id: number }>(web.port, SEND, { content: newQuestion(i) }, user.token);
    await ended(sent.run_id);
  };
  await rate(WARM_UP, send, width);
  return (count) => rate(count, send, width);
}

/** Returns a question that nobody asked before, of one clause. The provider answers it with so many tokens. */
export function newQuestion(i: number, tokens = 32): string {
  return `q${i} ${randomBytes(8).toString('hex')} tokens:${tokens}`;
}

/**
 * Adds a knowledge base of 50 FAQs, so that the product embeds and searches questions. The first FAQ has the vector that the
 * provider gives every question: each question has a strong hit, and costs no call of QUERY_MODEL, which no floor makes.
 */
export async function addFaqs(ground: Ground): Promise<void> {
  await ground.query(
    `INSERT INTO faqs (slug, question, answer, status, published_at)
     SELECT 'thing-' || n, text, text, 'published', now()
     FROM (SELECT n, 'What is the thing called n' || n || '?' AS text FROM generate_series(1, 50) AS n) AS made`,
  );
  await ground.query(
    `INSERT INTO embedding_models (key, name, provider, model, dimensions, filled_to, filled_parts, ready_at)
     SELECT name, name, 'openai', name, 1536, NULL, faq_parts(), now() FROM CAST('text-embedding-3-small' AS text) AS name`,
  );
  await ground.query(
    `INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
     SELECT 'text-embedding-3-small', f.id, part, md5(f.question),
       (SELECT array_agg(CASE WHEN f.id > 1 THEN sin(f.id * 7919 + i) + 0.1 WHEN i = 1 THEN 1 ELSE 0 END)
        FROM generate_series(1, 1536) AS i)::vector
     FROM faqs f CROSS JOIN unnest(faq_parts()) AS part`,
  );
}

/** Makes `count` calls, several at a time. Returns calls per second. */
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
