import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { embed } from '../../../lab/standin/embedding.ts';

/** A request to a fake server, its body read as JSON (`{}` where there is none). */
export type Asked = {
  method: string;
  /** Without the query, such as `/v1/chat/completions`. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Body;
};
export type Body = Record<string, unknown> & {
  model?: string;
  messages?: { role: string; content: string }[];
};
export type Handler = (asked: Asked, res: ServerResponse) => void | Promise<void>;

export type Fake = {
  /** Without a path. */
  origin: string;
  asked: Asked[];
  /** Requests to chat completions with messages: probes have none. */
  chats: () => Asked[];
  stop: () => Promise<void>;
};

/** Serves paths as a real server would; others get `otherwise`, which is an empty 404. */
export async function serve(
  routes: Record<string, Handler>,
  otherwise: Handler = (_, res) => json(res, 404, '404 page not found'),
): Promise<Fake> {
  const asked: Asked[] = [];
  const server = createServer(async (req, res) => {
    res.on('error', () => {});
    const url = new URL(req.url ?? '/', 'http://fake');
    const raw = await text(req);
    const one: Asked = {
      method: req.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body: raw === '' ? {} : JSON.parse(raw),
    };
    asked.push(one);
    await (routes[url.pathname] ?? otherwise)(one, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    chats: () => asked.filter(({ path, body }) => path.endsWith('/chat/completions') && body.messages),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function json(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const type = typeof body === 'string' ? 'text/plain' : 'application/json';
  res.writeHead(status, { 'content-type': type, ...headers });
  res.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** OpenAI's form of an error. */
export function error(
  message: string,
  {
    type = 'invalid_request_error',
    code = null,
    param = null,
  }: { type?: string; code?: unknown; param?: unknown } = {},
) {
  return { error: { message, type, param, code } };
}

/** Begins an event stream. */
export function stream(res: ServerResponse): (data: unknown) => void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  return (data) => void res.write(typeof data === 'string' ? data : `data: ${JSON.stringify(data)}\n\n`);
}

export const DONE = 'data: [DONE]\n\n';

/** One chunk of an answer. */
export function chunk(delta: Record<string, unknown>, finish_reason: string | null = null, more = {}) {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
    ...more,
  };
}

export const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** Streams a whole answer as OpenAI does: a role, words, an end, and the usage where it was asked for. */
export function say(res: ServerResponse, body: Body, words = answerOf(body)): void {
  const send = stream(res);
  send(chunk({ role: 'assistant', content: '' }));
  for (const word of words.match(/\s*\S+/g) ?? []) send(chunk({ content: word }));
  send(chunk({}, 'stop'));
  const options = body.stream_options as { include_usage?: boolean } | undefined;
  if (options?.include_usage) send({ ...chunk({}), choices: [], usage: USAGE });
  res.end(DONE);
}

/** An answer that shows which passages the model was given. */
export function answerOf({ messages }: Body): string {
  const ids = JSON.stringify(messages).match(/passage id=\\"\d+/g) ?? [];
  return `Hello from the model with ${ids.length} passages.`;
}

/** Honest vectors for an embeddings request. */
export const embeddings: Handler = ({ body }, res) => {
  const texts = [body.input].flat() as string[];
  const data = texts.map((input, index) => ({
    object: 'embedding',
    index,
    embedding: Array.from(embed(input)),
  }));
  json(res, 200, { object: 'list', data, model: body.model, usage: { prompt_tokens: 3, total_tokens: 3 } });
};

/** OpenAI's moderation: flags what says so. */
export const moderations: Handler = ({ body }, res) => {
  if (body.input === undefined) return json(res, 400, error("Missing required parameter: 'input'."));
  const flagged = String(body.input).includes('kill');
  json(res, 200, { id: 'm1', model: body.model, results: [{ flagged, categories: { violence: flagged } }] });
};

/** Serves a provider that chats as `chat` does; it embeds as OpenAI does unless told otherwise, and moderates like it. */
export function serveModel(chat: Handler, embed: Handler = embeddings): Promise<Fake> {
  return serve({ '/v1/chat/completions': chat, '/v1/embeddings': embed, '/v1/moderations': moderations });
}

/** What all servers refuse alike: a chat request without messages. @returns whether it was refused */
export function refusesEmpty({ body }: Asked, res: ServerResponse): boolean {
  if (body.messages !== undefined) return false;
  json(res, 400, error("Missing required parameter: 'messages'.", { param: 'messages' }));
  return true;
}
