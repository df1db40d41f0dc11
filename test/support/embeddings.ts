import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { embed } from '../../lab/standin/embedding.ts';

export type Embeddings = {
  requests: { model: string; texts: string[] }[];
  /** Returns the vectors or the status of an answer; undefined: honest vectors. */
  answer: ((texts: string[], model: string) => Promise<unknown[] | number | undefined>) | undefined;
  stop: () => Promise<void>;
};

/** Serves embeddings at OPENAI_BASE_URL. `answer` can make it lie. */
export async function serveEmbeddings(): Promise<Embeddings> {
  const server = createServer(async (req, res) => {
    const { input, model } = (await json(req)) as { input: string[]; model: string };
    served.requests.push({ model, texts: input });
    const answer = (await served.answer?.(input, model)) ?? input.map((text) => Array.from(embed(text)));
    res.setHeader('content-type', 'application/json');
    if (typeof answer === 'number') {
      res.writeHead(answer).end(JSON.stringify({ error: { message: 'no', code: null } }));
    } else {
      const data = answer.map((embedding, index) => ({ object: 'embedding', index, embedding }));
      res.end(JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    }
  });
  const served: Embeddings = {
    requests: [],
    answer: undefined,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  server.listen(Number(URL.parse(process.env.OPENAI_BASE_URL ?? '')?.port ?? 0), '127.0.0.1');
  await once(server, 'listening');
  return served;
}
