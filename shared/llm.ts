import OpenAI from 'openai';
import type { ChatCompletionChunk, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { env } from './env.ts';
import type { Usage } from './events.ts';
import { countTokensUsed, measured, measuredStream } from './measure.ts';
import type { ModelRef } from './provider/config.ts';
import { cutOff, ProviderError, timedOut, toProviderError } from './providerErrors.ts';
import { traced, tracedStream } from './tracing.ts';

/** The indexes keep half precision, which has no greater numbers; those of embeddings are around 0.03. */
const MOST_OF_A_HALF = 65_504;
/** Milliseconds, for calls that are answered at once. */
const DEADLINES = { moderation: 10_000, embedding: 20_000 };
/** A single chunk beyond this is a provider gone wrong, not an answer. */
const MAX_CHUNK_CHARACTERS = 100_000;

/** Retries are ours: the SDK's would bill twice without our knowing. */
const openai = new OpenAI({
  apiKey: env.OPENAI_API_KEY || 'none',
  ...(env.OPENAI_BASE_URL && { baseURL: env.OPENAI_BASE_URL }),
  maxRetries: 0,
  // It would print a malformed chunk, content and all.
  logLevel: 'off',
});

export type ChatRequest = {
  model: string;
  messages: ChatCompletionMessageParam[];
  max_completion_tokens: number;
  temperature: number;
};
/** One step of an answer. finish_reason comes once, usage after it where the provider counts. */
export type ChatChunk = { delta: string; finish_reason: string | null; usage: Usage | null };

/**
 * Streams an answer. Ends only after a finish_reason: a stream that merely stops was cut.
 * @throws ProviderError; the signal's reason when the caller aborts
 */
export function streamChat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk> {
  const { model } = request;
  return tracedStream('provider chat', { model }, measuredStream(model, callChat(request, signal)));
}

async function* callChat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk> {
  const watchdog = new Watchdog(signal);
  let ended = false;
  try {
    watchdog.expect(env.PROVIDER_HEADERS_TIMEOUT_MS);
    const stream = await openai.chat.completions.create(
      { ...request, stream: true, stream_options: { include_usage: true } },
      { signal: watchdog.signal },
    );
    watchdog.expect(env.PROVIDER_FIRST_TOKEN_TIMEOUT_MS);
    let finished = false;
    for await (const chunk of stream) {
      const step = readChunk(chunk);
      if (step.delta !== '' || step.finish_reason !== null) watchdog.expect(env.PROVIDER_GAP_TIMEOUT_MS);
      finished ||= step.finish_reason !== null;
      yield step;
    }
    ended = true;
    signal.throwIfAborted();
    if (!finished) throw watchdog.fired() ? new Error('stalled') : cutOff();
  } catch (err) {
    signal.throwIfAborted();
    throw watchdog.fired() ? timedOut(err) : toProviderError(err);
  } finally {
    watchdog.stop();
    // Ends the request when the consumer left early.
    if (!ended) watchdog.abort();
  }
}

/** Asks whether a text is allowed. @throws ProviderError */
export function moderate(text: string): Promise<Moderation> {
  const model = env.MODERATION_MODEL;
  return traced('provider moderation', { model }, () => measured(model, callModeration(text)));
}

type Moderation = { flagged: boolean; categories: string[]; model: string };
async function callModeration(text: string): Promise<Moderation> {
  try {
    const answer = await openai.moderations.create(
      { model: env.MODERATION_MODEL, input: text },
      { timeout: DEADLINES.moderation },
    );
    const [result] = answer.results;
    if (typeof result?.flagged !== 'boolean') throw new Error('no verdict in the answer');
    const categories = Object.entries(result.categories ?? {}).flatMap(([name, hit]) => (hit ? [name] : []));
    return { flagged: result.flagged, categories, model: answer.model ?? env.MODERATION_MODEL };
  } catch (err) {
    throw toProviderError(err);
  }
}

/** What embeds: dimensions are sent and demanded where they are set. */
export type EmbedModel = ModelRef & { dimensions: number | null };

/**
 * Embeds texts.
 * @param texts at most 2,048 of them, none empty
 * @returns their vectors in order, all of one dimension
 * @throws ProviderError; code embedding_malformed when a vector is missing, has no numbers, or a dimension of its own
 */
export function embed(texts: string[], model: EmbedModel): Promise<number[][]> {
  return traced('provider embedding', { model: model.name }, () =>
    measured(model.name, callEmbedding(texts, model)),
  );
}

async function callEmbedding(texts: string[], { model, name, dimensions }: EmbedModel): Promise<number[][]> {
  try {
    const answer = await openai.embeddings.create(
      {
        model,
        input: texts,
        // Servers that ignore the format answer with floats, which the SDK's base64 default would garble.
        encoding_format: 'float',
        ...(dimensions !== null && { dimensions }),
      },
      { timeout: DEADLINES.embedding },
    );
    countTokensUsed(name, answer.usage);
    const vectors = answer.data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
    const length = dimensions ?? vectors[0]?.length ?? 0;
    const whole = (vector: unknown) =>
      Array.isArray(vector) && length > 0 && vector.length === length && vector.every(isHalf);
    if (vectors.length !== texts.length || !vectors.every(whole)) {
      throw new ProviderError('rejected', 'embedding_malformed', 'The provider sent no usable embeddings.');
    }
    return vectors;
  } catch (err) {
    throw toProviderError(err);
  }
}

function isHalf(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(Number(value)) <= MOST_OF_A_HALF;
}

/**
 * Aborts a call whose next step is overdue, or that takes too long as a whole. The SDK's own timeout ends with the
 * headers: a stream that hangs in the middle would hang for ever.
 */
class Watchdog {
  readonly signal: AbortSignal;
  readonly #overdue = new AbortController();
  readonly #whole = setTimeout(() => this.abort(), env.PROVIDER_ANSWER_TIMEOUT_MS);
  #step: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#overdue.signal]);
  }

  expect(ms: number): void {
    clearTimeout(this.#step);
    this.#step = setTimeout(() => this.abort(), ms);
  }

  fired(): boolean {
    return this.#overdue.signal.aborted;
  }

  stop(): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#step);
  }

  abort(): void {
    this.#overdue.abort();
  }
}

function readChunk(chunk: ChatCompletionChunk): ChatChunk {
  const [choice] = chunk.choices ?? [];
  const content: unknown = choice?.delta?.content ?? '';
  const delta = typeof content === 'string' ? content : '';
  if (delta.length > MAX_CHUNK_CHARACTERS) throw new Error(`a chunk of ${delta.length} characters`);
  const usage = chunk.usage ? readUsage(chunk.usage) : null;
  return { delta, finish_reason: choice?.finish_reason ?? null, usage };
}

/** Null where a count is none. */
function readUsage({ prompt_tokens, completion_tokens, total_tokens }: Usage): Usage | null {
  const counts = [prompt_tokens, completion_tokens, total_tokens];
  const sound = counts.every((count) => Number.isInteger(count) && count >= 0 && count < 2 ** 31);
  return sound ? { prompt_tokens, completion_tokens, total_tokens } : null;
}
