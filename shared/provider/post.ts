import OpenAI from 'openai';
import { Agent, EnvHttpProxyAgent, fetch as httpFetch } from 'undici';
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
const patient =
  variable('NODE_USE_ENV_PROXY', '') === '1' ? new EnvHttpProxyAgent(patience) : new Agent(patience);

/** Clients by provider. A changed setting makes a new client. */
const clients = new Map<string, { client: OpenAI; made: string }>();

/** Returns a provider's client. The SDK builds requests only: it drops the error details of other servers' answers. */
function clientOf({ name, url, key, query, headers, settings }: Provider): OpenAI {
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
    fetch: ask,
  });
  clients.set(name, { client, made });
  return client;
}

/** Fetches for the SDK. @throws ProviderError for an error answer, before the SDK reads it */
async function ask(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = (await httpFetch(String(input), {
    ...(init as object),
    dispatcher: patient,
  })) as unknown as Response;
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
  try {
    return await clientOf(provider).post(path, { body, signal }).asResponse();
  } catch (err) {
    throw toProviderError(err);
  }
}

/** Says whether a server answers a GET, with the key and the settings of its provider. */
export async function answersGet(provider: Provider, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await clientOf(provider).get(path, { signal }).asResponse();
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
