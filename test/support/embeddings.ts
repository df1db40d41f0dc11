import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { embed, folded } from '../../lab/standin/embedding.ts';

export type Embeddings = {
  /** The requests so far: their model and texts. */
  requests: { model: string; texts: string[]; dimensions?: number }[];
  /** How many numbers honest vectors have, where a request names none. */
  dimensions: number;
  /** Decides what comes back for a request, until it is set again; undefined: honest vectors. */
  answer: ((texts: string[], model: string) => Promise<unknown[] | number | undefined>) | undefined;
  stop: () => Promise<void>;
};

/** A vector of so many numbers: texts that share words are near, as the stand-in's are. */
export function vectorOf(text: string, dimensions: number): number[] {
  return Array.from(folded(embed(text), dimensions));
}

/** An embeddings endpoint where OPENAI_BASE_URL points, that can be made to lie: `answer` gives vectors or a status. */
export async function serveEmbeddings(): Promise<Embeddings> {
  const server = createServer(async (req, res) => {
    const { input, model, dimensions } = (await json(req)) as {
      input: string[];
      model: string;
      dimensions?: number;
    };
    served.requests.push({ model, texts: input, ...(dimensions && { dimensions }) });
    const answer =
      (await served.answer?.(input, model)) ??
      input.map((text) => vectorOf(text, dimensions ?? served.dimensions));
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
    dimensions: 1_536,
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
