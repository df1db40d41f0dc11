import type { IncomingHttpHeaders } from 'node:http';
import { type Duplex, type Readable, pipeline } from 'node:stream';
import { constants, createBrotliDecompress, createUnzip, createZstdDecompress } from 'node:zlib';
import type OpenAI from 'openai';
import type { Dispatcher } from 'undici';
import { text as variable } from '../base/env.ts';
import { ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import type { Provider } from './config.ts';
import { slotOf } from './slots.ts';
import { troubleOf } from './troubles.ts';

/** Bytes read of an error, and of a whole answer. */
const MOST_OF_AN_ERROR = 64 * 1024;
const MOST_OF_AN_ANSWER = 128 * 1024 * 1024;
const REDIRECTS = 3;

/** Node's own client gives up after five minutes; a model may load for longer. */
const patience = { headersTimeout: 0, bodyTimeout: 0 };

/** An answer whose headers are there. A caller that does not read `body` to its end destroys it, which closes the connection. */
export type Answer = { headers: IncomingHttpHeaders; body: Readable };

/** The SDK, and undici's `request`: the SDK's own way to send, with its `fetch`, takes four times the CPU of a short call. */
type Tools = Pick<typeof import('openai'), 'OpenAI'> &
  Pick<typeof import('undici'), 'request'> & { dispatcher: Dispatcher };
let loaded: Promise<Tools> | undefined;

/** Loads them at the first call: most processes make none, and 12 MiB of heap is a lot for them. */
function tools(): Promise<Tools> {
  return (loaded ??= load().catch((err: unknown) => {
    loaded = undefined;
    throw err;
  }));
}

async function load(): Promise<Tools> {
  const [{ OpenAI }, { Agent, EnvHttpProxyAgent, request }] = await Promise.all([
    import('openai'),
    import('undici'),
  ]);
  const dispatcher =
    variable('NODE_USE_ENV_PROXY', '') === '1' ? new EnvHttpProxyAgent(patience) : new Agent(patience);
  return { OpenAI, request, dispatcher };
}

type Method = 'get' | 'post';
/** Address and headers of a call. */
type Addressed = { url: string; headers: Record<string, string> };

/** What calls have in common, by provider, method and path. A changed setting makes another. */
const addressed = new Map<string, Promise<Addressed>>();

/** Returns a call's address and headers, which the SDK makes once. They leave out what it says of our system. */
function addressOf({ OpenAI }: Tools, provider: Provider, method: Method, path: string): Promise<Addressed> {
  const { name, url, key, query, headers, settings } = provider;
  const of = JSON.stringify([method, path, name, url, key, query, headers, settings.auth]);
  const made = addressed.get(of) ?? addressBy(clientOf(OpenAI, provider), method, path);
  addressed.set(of, made);
  made.catch(() => addressed.delete(of));
  return made;
}

async function addressBy(client: OpenAI, method: Method, path: string): Promise<Addressed> {
  const { req, url } = await client.buildRequest({ method, path, ...(method === 'post' && { body: {} }) });
  return {
    url,
    headers: Object.fromEntries(
      [...new Headers(req.headers)].filter(([name]) => !name.startsWith('x-stainless-')),
    ),
  };
}

function clientOf(Client: typeof OpenAI, { name, url, key, query, headers, settings }: Provider): OpenAI {
  const authorized = name === 'openai' || key !== '';
  return new Client({
    apiKey: key || 'none',
    baseURL: url,
    defaultQuery: query,
    defaultHeaders: {
      ...(settings.auth !== 'bearer' || !authorized ? { authorization: null } : {}),
      ...(settings.auth === 'api-key' && key !== '' ? { 'api-key': key } : {}),
      ...headers,
    },
    // OPENAI_ORG_ID and OPENAI_PROJECT_ID go to OpenAI only.
    ...(name !== 'openai' && { organization: null, project: null }),
  });
}

/** Sends a request. Returns the answer when its headers are there. @throws ProviderError */
export function post(provider: Provider, path: string, body: object, signal: AbortSignal): Promise<Answer> {
  return ask(provider, path, { method: 'post', body: JSON.stringify(body), signal });
}

type Asking = { method: Method; body: string | null; signal: AbortSignal };

async function ask(provider: Provider, path: string, { method, body, signal }: Asking): Promise<Answer> {
  try {
    const all = await tools();
    const { url, headers } = await addressOf(all, provider, method, path);
    const sent = { method: method === 'post' ? 'POST' : 'GET', headers, body, signal } as const;
    return await answered(await requested(all, url, { ...sent, dispatcher: all.dispatcher }));
  } catch (err) {
    const { name, code = name } = err as { name?: string; code?: string | number };
    throw TIMEOUTS.includes(code) || TIMEOUTS.includes(name) ? timedOut(err) : toProviderError(err);
  }
}

/** Names and codes of errors: of a signal, the system, and undici. */
const TIMEOUTS: unknown[] = ['TimeoutError', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'];

type Sent = {
  method: 'GET' | 'POST';
  headers: Addressed['headers'];
  body: string | null;
  signal: AbortSignal;
};

/** Sends a request, and again where its host says so. Returns the answer. @throws Error where another host shall have it */
async function requested(
  { request }: Tools,
  url: string,
  sent: Sent & { dispatcher: Dispatcher },
): Promise<Dispatcher.ResponseData> {
  let at = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const response = await orAborted(request(at, sent), sent.signal);
    const { location } = response.headers;
    if (![307, 308].includes(response.statusCode) || typeof location !== 'string' || redirects === REDIRECTS)
      return response;
    await response.body.dump();
    const next = new URL(location, at);
    // It would get the key and the conversation.
    if (next.hostname !== at.hostname || (next.protocol !== at.protocol && next.protocol !== 'https:'))
      throw new Error('the provider redirects to another host');
    at = next;
  }
}

/** Returns the answer, or throws as soon as the signal aborts: undici looks at it only once the connection is open. */
async function orAborted(
  response: Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([response, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    if (signal.aborted)
      response.then(({ body }) => void body.on('error', () => {}).destroy()).catch(() => {});
  }
}

/** Returns the answer. @throws ProviderError for an error answer */
async function answered({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Answer> {
  // A body that is destroyed before its end reports that.
  body.on('error', () => {});
  const answer = { headers, body: inflated(body, headers) };
  if (statusCode >= 200 && statusCode < 300) return answer;
  const said = parsed(await readText(answer.body, MOST_OF_AN_ERROR).catch(() => ''));
  throw (
    troubleOf({ status: statusCode, headers, body: said }) ??
    new ProviderError('unavailable', 'provider_unavailable', 'The model cannot be reached just now.')
  );
}

/** Returns the body as it was before the server compressed it. We ask for none that is, and some servers do it all the same. */
function inflated(body: Readable, headers: IncomingHttpHeaders): Readable {
  const inflate = INFLATE.get(String(headers['content-encoding']).toLowerCase());
  return inflate ? pipeline(body, inflate(), () => {}) : body;
}

const unzip = (): Duplex => createUnzip({ finishFlush: constants.Z_SYNC_FLUSH });
/** By content-encoding. Some servers name a charset there, so any other says nothing. */
const INFLATE = new Map<string, () => Duplex>([
  ['gzip', unzip],
  ['x-gzip', unzip],
  ['deflate', unzip],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Says whether a server answers a GET, with the key and the settings of its provider. */
export async function answersGet(provider: Provider, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { body } = await ask(provider, path, { method: 'get', body: null, signal });
    body.destroy();
    return true;
  } catch {
    return false;
  }
}

/** Sends a request and reads its whole answer as JSON. @throws ProviderError, also for an error in an answer of status 200 */
export async function postForJson(
  provider: Provider,
  path: string,
  body: object,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const release = await slotOf(provider);
  // Starts after the wait for a slot: the deadline is the server's.
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { headers, body: sent } = await post(provider, path, body, signal);
    const answer = parsed(await readText(sent, MOST_OF_AN_ANSWER));
    const trouble = troubleOf({ status: 200, headers, body: answer });
    if (trouble !== null) throw trouble;
    if (typeof answer !== 'object' || answer === null) throw new Error('no JSON object in the answer');
    return answer as Record<string, unknown>;
  } catch (err) {
    throw signal.aborted ? timedOut(err) : toProviderError(err);
  } finally {
    release();
  }
}

async function readText(body: Readable, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > most) throw new Error(`an answer of more than ${most} bytes`);
    pieces.push(piece);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}

/** Returns the parsed JSON, or the text itself if it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
