import type OpenAI from 'openai';
import { text as variable } from '../base/env.ts';
import { ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import type { Provider } from './config.ts';
import { slotOf } from './slots.ts';
import { troubleOf } from './troubles.ts';

/** Bytes read of an error, and of a whole answer. */
const MOST_OF_AN_ERROR = 64 * 1024;
const MOST_OF_AN_ANSWER = 128 * 1024 * 1024;
/** Ms; longer than every deadline of ours. */
const NEVER = 86_400_000;

/** Node's own client gives up after five minutes; a model may load for longer. */
const patience = { headersTimeout: 0, bodyTimeout: 0 };

/** The SDK, and a fetch for it, which throws a ProviderError for an error answer before the SDK reads it. */
type Sdk = typeof import('openai') & { ask: (url: string, init?: object) => Promise<Response> };
let loaded: Promise<Sdk> | undefined;

/** Loads the SDK at the first call: most processes make none, and 12 MiB of heap is a lot for them. */
function sdk(): Promise<Sdk> {
  return (loaded ??= load());
}

async function load(): Promise<Sdk> {
  const [openai, { Agent, EnvHttpProxyAgent, fetch }] = await Promise.all([
    import('openai'),
    import('undici'),
  ]);
  const dispatcher =
    variable('NODE_USE_ENV_PROXY', '') === '1' ? new EnvHttpProxyAgent(patience) : new Agent(patience);
  const ask = async (url: string, init?: object): Promise<Response> =>
    answered((await fetch(url, { ...init, dispatcher })) as unknown as Response);
  return { ...openai, ask };
}

/** Clients by provider. A changed setting makes a new client. */
const clients = new Map<string, { client: OpenAI; made: string }>();

/** Returns a provider's client. The SDK builds requests only: it drops the error details of other servers' answers. */
function clientOf({ OpenAI, ask }: Sdk, { name, url, key, query, headers, settings }: Provider): OpenAI {
  const made = JSON.stringify([url, key, query, headers, settings.auth]);
  const kept = clients.get(name);
  if (kept?.made === made) return kept.client;
  const authorized = name === 'openai' || key !== '';
  const client = new OpenAI({
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
    // Callers retry: the SDK's retries would cost tokens that nobody counts.
    maxRetries: 0,
    timeout: NEVER,
    logLevel: 'off',
    fetch: (input, init) => ask(String(input), init as object),
  });
  clients.set(name, { client, made });
  return client;
}

/** Returns the answer. @throws ProviderError for an error answer */
async function answered(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = await readText(response, MOST_OF_AN_ERROR).catch(() => '');
  throw (
    troubleOf({ status: response.status, headers: response.headers, body: parsed(body) }) ??
    new ProviderError('unavailable', 'provider_unavailable', 'The model cannot be reached just now.')
  );
}

/**
 * Sends a request. Returns the answer when its headers are there.
 * @throws ProviderError
 */
export async function post(
  provider: Provider,
  path: string,
  body: object,
  signal: AbortSignal,
): Promise<Response> {
  const openai = await sdk();
  try {
    return await clientOf(openai, provider).post(path, { body, signal }).asResponse();
  } catch (err) {
    throw troubleIn(openai, err);
  }
}

/** Returns the ProviderError of what the SDK threw. */
function troubleIn({ APIConnectionError, APIConnectionTimeoutError }: Sdk, err: unknown): ProviderError {
  if (err instanceof APIConnectionError && err.cause instanceof ProviderError) return err.cause;
  return err instanceof APIConnectionTimeoutError ? timedOut(err) : toProviderError(err);
}

/** Says whether a server answers a GET, with the key and the settings of its provider. */
export async function answersGet(provider: Provider, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const client = clientOf(await sdk(), provider);
    const response = await client.get(path, { signal }).asResponse();
    await response.body?.cancel();
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
    const response = await post(provider, path, body, signal);
    const answer = parsed(await readText(response, MOST_OF_AN_ANSWER));
    const trouble = troubleOf({ status: 200, headers: response.headers, body: answer });
    if (trouble !== null) throw trouble;
    if (typeof answer !== 'object' || answer === null) throw new Error('no JSON object in the answer');
    return answer as Record<string, unknown>;
  } catch (err) {
    throw signal.aborted ? timedOut(err) : toProviderError(err);
  } finally {
    release();
  }
}

async function readText(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`an answer of more than ${most} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** Returns the parsed JSON, or the text itself if it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
