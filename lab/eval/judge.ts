import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Domain, Labelled } from './domains.ts';

/** Share of verdicts that are wrong in each sort of questions: answered, far, near. */
const WRONG = 0.05;

/**
 * A model that only answers the listwise call of ANSWER_CHECK=model, from a domain's labels. Of every hundred questions it
 * answers five wrongly: half of them with no passage or, where none answers, the first one; half with a wrong passage.
 * The choice depends on the questions alone.
 */
export type ScriptedJudge = {
  url: string;
  know: (domain: Domain, slugs: Map<number, string>) => void;
  stop: () => Promise<void>;
};

export async function startJudge(): Promise<ScriptedJudge> {
  const known = new Map<string, Known>();
  let slugOf = new Map<number, string>();
  const server = createServer(async (req, res) => {
    const { messages } = JSON.parse(await text(req)) as { messages?: { content: string }[] };
    const content = messages?.at(-1)?.content ?? '';
    const ids = [...content.matchAll(/^<passage id="(\d+)">$/gm)].map(([, id]) => Number(id));
    const { right, says } =
      known.get(keyOf(wordsIn(content, 'before'), wordsIn(content, 'question'))) ?? UNKNOWN;
    const verdict = JSON.stringify({ ids: verdictOn(says, ids, (id) => right.has(slugOf.get(id) ?? '')) });
    const chunk = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: 'j', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`${chunk({ role: 'assistant', content: verdict }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    know(domain, slugs) {
      slugOf = slugs;
      known.clear();
      for (const [key, one] of verdictsOn(domain.questions)) known.set(key, one);
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What answers a question, and what the judge says of it: what is right, that none answers, or what is wrong. */
type Known = { right: Set<string>; says: 'right' | 'none' | 'wrong' };
const UNKNOWN: Known = { right: new Set(), says: 'right' };

/** Draws the questions that are answered wrongly: of each sort exactly the share, so that no set of questions gets more by chance. */
function verdictsOn(questions: Labelled[]): [key: string, Known][] {
  const sorts = Map.groupBy(questions, ({ kind, topics }) => (topics.length > 0 ? 'answered' : kind));
  return [...sorts.values()].flatMap((sort) => {
    const keys = sort.map(({ before, question, topics }) => {
      const key = keyOf(before.at(-1)?.question ?? '', question);
      return { key, right: new Set(topics.flat()), draw: drawOf(key) };
    });
    const drawn = keys.sort((a, b) => b.draw - a.draw);
    const wrong = Math.round(drawn.length * WRONG);
    return drawn.map(({ key, right }, i): [string, Known] => [
      key,
      { right, says: i >= wrong ? 'right' : i % 2 === 0 ? 'none' : 'wrong' },
    ]);
  });
}

function drawOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE();
}

function verdictOn(says: Known['says'], ids: number[], isRight: (id: number) => boolean): number[] {
  const answering = ids.filter(isRight);
  if (says === 'right') return answering;
  if (says === 'none' && answering.length > 0) return [];
  return ids.filter((id) => !isRight(id)).slice(0, 1);
}

function keyOf(before: string, question: string): string {
  return `${before}\n${question}`;
}

function wordsIn(content: string, tag: string): string {
  const words = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(content)?.[1] ?? '';
  return words.replaceAll('&lt;', '<');
}
