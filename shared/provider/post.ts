import type { IncomingHttpHeaders } from 'node:http';
import { type Readable, pipeline } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { text as variable } from '../base/env.ts';
import { ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import type { Provider } from './config.ts';
import { slotOf } from './slots.ts';
import { troubleOf } from './troubles.ts';

/** Bytes read of an error, and of a whole answer. */
const MOST_OF_AN_ERROR = 64 * 1024;
const MOST_OF_AN_ANSWER = 128 * 1024 * 1024;
/** As many as browsers follow. */
const REDIRECTS = 20;

/** Node's own client gives up after five minutes; a model may load for longer. */
const patience = { headersTimeout: 0, bodyTimeout: 0 };

/** An answer whose headers are there. Whoever does not read `body` to its end destroys it, which closes the connection. */
export type Answer = { headers: IncomingHttpHeaders; body: Readable };

/** The client, without the `fetch` above it, which takes twice the CPU of a short call. */
type Client = Pick<typeof import('undici'), 'request'> & { dispatcher: import('undici').Dispatcher };
let loaded: Promise<Client> | undefined;

/** Loads the client at the first call: most processes make none. */
function client(): Promise<Client> {
  return (loaded ??= load());
}

async function load(): Promise<Client> {
  const { Agent, EnvHttpProxyAgent, interceptors, request } = await import('undici');
  const agent =
    variable('NODE_USE_ENV_PROXY', '') === '1' ? new EnvHttpProxyAgent(patience) : new Agent(patience);
  return { request, dispatcher: agent.compose(interceptors.redirect({ maxRedirections: REDIRECTS })) };
}

/** Headers of each provider's requests. A changed setting makes a new provider. */
const headersMade = new WeakMap<Provider, Record<string, string>>();

function headersOf(provider: Provider): Record<string, string> {
  const known = headersMade.get(provider);
  if (known !== undefined) return known;
  const { name, key, headers, settings } = provider;
  const all = new Headers({
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': 'Parley',
  });
  if (settings.auth === 'bearer' && (name === 'openai' || key !== ''))
    all.set('authorization', `Bearer ${key || 'none'}`);
  if (settings.auth === 'api-key' && key !== '') all.set('api-key', key);
  if (name === 'openai') {
    // They go to OpenAI only.
    const [organization, project] = [variable('OPENAI_ORG_ID', ''), variable('OPENAI_PROJECT_ID', '')];
    if (organization !== '') all.set('openai-organization', organization);
    if (project !== '') all.set('openai-project', project);
  }
  for (const [header, value] of Object.entries(headers)) all.set(header, value);
  const made = Object.fromEntries(all);
  headersMade.set(provider, made);
  return made;
}

function urlOf({ url, query }: Provider, path: string): string {
  const asked = new URL(`${url}${path}`);
  for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
  return asked.href;
}

/** Sends a request. Returns the answer when its headers are there. @throws ProviderError */
export function post(provider: Provider, path: string, body: object, signal: AbortSignal): Promise<Answer> {
  return ask(provider, path, { method: 'POST', body: JSON.stringify(body), signal });
}

type Asking = { method: 'GET' | 'POST'; body?: string; signal: AbortSignal };

async function ask(provider: Provider, path: string, asking: Asking): Promise<Answer> {
  try {
    const { request, dispatcher } = await client();
    const asked = { ...asking, headers: headersOf(provider), dispatcher };
    const { statusCode, headers, body } = await request(urlOf(provider, path), asked);
    // A body that is destroyed before its end reports that.
    body.on('error', () => {});
    const answer = { headers, body: inflated(body, headers) };
    if (statusCode >= 200 && statusCode < 300) return answer;
    const said = parsed(await readText(answer.body, MOST_OF_AN_ERROR).catch(() => ''));
    throw (
      troubleOf({ status: statusCode, headers, body: said }) ??
      new ProviderError('unavailable', 'provider_unavailable', 'The model cannot be reached just now.')
    );
  } catch (err) {
    throw /timed? ?out/i.test(String(err)) ? timedOut(err) : toProviderError(err);
  }
}

/** Returns the body as it was before the server compressed it. We ask for none that is, and some servers do it all the same. */
function inflated(body: Readable, headers: IncomingHttpHeaders): Readable {
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return body;
  return pipeline(body, encoding === 'br' ? createBrotliDecompress() : createUnzip(), () => {});
}

/** Says whether a server answers a GET, with the key and the settings of its provider. */
export async function answersGet(provider: Provider, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { body } = await ask(provider, path, { method: 'GET', signal });
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
