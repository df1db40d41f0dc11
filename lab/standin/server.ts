import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Calls } from './calls.ts';
import { chatCompletions, type Exchange } from './chat.ts';
import { embeddings, moderations } from './texts.ts';
import { ApiError, type Json, readJson, sendError, sendJson } from './wire.ts';

export type Standin = { server: Server; calls: Calls };

/**
 * Returns a local stand-in for the OpenAI API, not yet listening: chat completions, embeddings, moderations and models in
 * the real format, plus `GET /_calls` and `POST /_reset | /_pause[?after=N] | /_resume` for tests.
 * @param chunkMs milliseconds between two chunks of a stream
 */
export function createStandin({ chunkMs }: { chunkMs: number }): Standin {
  const calls = new Calls();
  const server = createServer((req, res) => {
    res.on('error', () => {}); // a client that hangs up is everyday here
    answer(req, res, calls, chunkMs).catch((error: unknown) => fail(res, error));
  });
  server.keepAliveTimeout = 65_000; // longer than clients keep a connection, or they meet it closing
  return { server, calls };
}

const ENDPOINTS: Record<string, (exchange: Exchange) => Promise<void>> = {
  '/v1/chat/completions': chatCompletions,
  '/v1/embeddings': embeddings,
  '/v1/moderations': moderations,
};

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  calls: Calls,
  chunkMs: number,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://standin');
  const endpoint = ENDPOINTS[url.pathname];
  if (endpoint && req.method === 'POST') {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    return endpoint({ body: await readJson(req), res, signal: gone.signal, calls, chunkMs });
  }
  const found = models(req.method, url.pathname) ?? control(req.method, url, calls);
  if (found === undefined)
    throw new ApiError(404, `Invalid URL (${req.method} ${url.pathname})`, 'unknown_url');
  sendJson(res, found);
}

function models(method: string | undefined, path: string): Json | undefined {
  if (method !== 'GET' || !/^\/v1\/models(\/|$)/.test(path)) return undefined;
  const model = (id: string) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'standin' });
  const id = path.split('/').slice(3).join('/');
  if (id) return model(decodeURIComponent(id)); // it answers under any name
  const ids = ['gpt-4.1-mini', 'text-embedding-3-small', 'omni-moderation-latest'];
  return { object: 'list', data: ids.map(model) };
}

function control(method: string | undefined, url: URL, calls: Calls): Json | undefined {
  const after = url.searchParams.get('after');
  switch (`${method} ${url.pathname}`) {
    case 'GET /_calls':
      return calls.list();
    case 'POST /_reset':
      calls.reset();
      return { ok: true };
    case 'POST /_pause':
      calls.pause(after === null ? undefined : Number(after));
      return { ok: true };
    case 'POST /_resume':
      calls.resume();
      return { ok: true };
    default:
      return undefined;
  }
}

function fail(res: ServerResponse, error: unknown): void {
  if (res.destroyed || res.headersSent) res.destroy();
  else sendError(res, error instanceof ApiError ? error : new ApiError(500, 'The stand-in has a defect.'));
}
