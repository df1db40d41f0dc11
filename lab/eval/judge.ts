import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Domain } from './domains.ts';

/** Share of verdicts that are right. */
const RIGHT = 0.95;

/**
 * A model that only answers the listwise call of ANSWER_CHECK=model, from a domain's labels. Of every hundred questions it
 * answers five wrongly: half of them with no passage or, where none answers, the first one; half with a wrong passage.
 * The choice depends on the question alone.
 */
export type ScriptedJudge = {
  url: string;
  know: (domain: Domain, slugs: Map<number, string>) => void;
  stop: () => Promise<void>;
};

export async function startJudge(): Promise<ScriptedJudge> {
  const right = new Map<string, Set<string>>();
  let slugOf = new Map<number, string>();
  const server = createServer(async (req, res) => {
    const { messages } = JSON.parse(await text(req)) as { messages?: { content: string }[] };
    const content = messages?.at(-1)?.content ?? '';
    const ids = [...content.matchAll(/^<passage id="(\d+)">$/gm)].map(([, id]) => Number(id));
    const asked = keyOf(wordsIn(content, 'before'), wordsIn(content, 'question'));
    const verdict = JSON.stringify({
      ids: verdictOn(asked, ids, (id) => right.get(asked)?.has(slugOf.get(id) ?? '') ?? false),
    });
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
      right.clear();
      for (const { before, question, topics } of domain.questions)
        right.set(keyOf(before.at(-1)?.question ?? '', question), new Set(topics.flat()));
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function verdictOn(asked: string, ids: number[], isRight: (id: number) => boolean): number[] {
  const answering = ids.filter(isRight);
  const draw = createHash('sha256').update(asked).digest().readUInt32BE() / 2 ** 32;
  if (draw < RIGHT) return answering;
  const wrong = ids.find((id) => !isRight(id));
  const none = draw < RIGHT + (1 - RIGHT) / 2;
  if (answering.length > 0 && none) return [];
  return wrong === undefined ? [] : [wrong];
}

function keyOf(before: string, question: string): string {
  return `${before}\n${question}`;
}

function wordsIn(content: string, tag: string): string {
  const words = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(content)?.[1] ?? '';
  return words.replaceAll('&lt;', '<');
}
