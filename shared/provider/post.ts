import OpenAI from 'openai';
import { Agent, EnvHttpProxyAgent, fetch as httpFetch } from 'undici';
import { text as variable } from '../base/env.ts';
import { ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import type { Provider } from './config.ts';
import { slotOf } from './slots.ts';
import { troubleOf } from './troubles.ts';

/** Bytes of an error that are read, and of a whole answer. */
const MOST_OF_AN_ERROR = 64 * 1024;
const MOST_OF_AN_ANSWER = 128 * 1024 * 1024;
/** Beyond every deadline of ours. */
const NEVER = 86_400_000;

/** Node's own client gives up after five minutes, in which a model may still be loading. */
const patience = { headersTimeout: 0, bodyTimeout: 0 };
const patient =
  variable('NODE_USE_ENV_PROXY', '') === '1' ? new EnvHttpProxyAgent(patience) : new Agent(patience);

/** By provider; made anew when its address or key changes. */
const clients = new Map<string, { client: OpenAI; made: string }>();

/** The SDK gives the request its form. Answers are read here: it drops what other servers say of their errors. */
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
    // OPENAI_ORG_ID and OPENAI_PROJECT_ID are OpenAI's business.
    ...(name !== 'openai' && { organization: null, project: null }),
    // Retries are ours: the SDK's would bill twice without our knowing.
    maxRetries: 0,
    timeout: NEVER,
    logLevel: 'off',
    fetch: ask,
  });
  clients.set(name, { client, made });
  return client;
}

/** Throws what a refusal means before the SDK reads it. */
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
 * Sends a request and waits for the head of its answer.
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

/** JSON where it is some, else the text. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
