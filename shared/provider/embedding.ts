import { countTokensUsed, measured } from './measure.ts';
import { embeddingFailures } from '../ops/metrics.ts';
import { ProviderError, toProviderError } from './providerErrors.ts';
import { traced } from '../ops/tracing.ts';
import { noteFailure, noteSuccess } from './calls.ts';
import { type EmbeddingModel, type Provider, providerOf } from './config.ts';
import { learn, learnedOf, lesson } from './learned.ts';
import { postForJson } from './post.ts';
import { mayBeEcho } from './refused.ts';
import { isObject } from './troubles.ts';

type AskedModel = Omit<EmbeddingModel, 'textTokens'>;

/** Some models need a different prefix for each kind. */
export type TextKind = 'query' | 'document';

/** Ms per request. */
const DEADLINE = 20_000;
/** Largest half-precision number, which the indexes use. Numbers in embeddings are around 0.03. */
const MOST_OF_A_HALF = 65_504;

/**
 * Embeds texts, in order, EMBEDDING_BATCH per request.
 * @param texts must not contain an empty text
 * @throws ProviderError; code embedding_malformed when a vector is missing, has wrong or differing dimensions, or has
 *   invalid numbers
 */
export async function embed(
  texts: string[],
  model: AskedModel,
  kind: TextKind,
  deadlineMs = DEADLINE,
): Promise<number[][]> {
  const vectors: number[][] = [];
  for (let at = 0; at < texts.length; at += model.batch) {
    vectors.push(...(await embedBatch(texts.slice(at, at + model.batch), model, kind, deadlineMs)));
  }
  return vectors;
}

async function embedBatch(
  texts: string[],
  model: AskedModel,
  kind: TextKind,
  deadlineMs: number,
): Promise<number[][]> {
  const { name, provider } = model;
  try {
    const call = () => measured(model, callEmbedding(texts, model, kind, deadlineMs));
    const vectors = await traced('provider embedding', { model: name, provider }, call);
    noteSuccess('embedding', model);
    return vectors;
  } catch (err) {
    const trouble = toProviderError(err);
    embeddingFailures.inc({ provider, model: model.model, kind: trouble.code });
    noteFailure('embedding', model, trouble);
    throw trouble;
  }
}

async function callEmbedding(
  texts: string[],
  model: AskedModel,
  kind: TextKind,
  deadlineMs: number,
): Promise<number[][]> {
  const prefix = kind === 'query' ? model.queryPrefix : model.documentPrefix;
  const input = prefix === '' ? texts : texts.map((text) => `${prefix}${text}`);
  const answer = await ask(input, model, providerOf(model), deadlineMs);
  const { usage, data } = answer;
  if (isObject(usage)) countTokensUsed(model, { prompt_tokens: Number(usage.prompt_tokens) || 0 });
  const vectors = (Array.isArray(data) ? data : [])
    .filter(isObject)
    .toSorted((a, b) => Number(a.index) - Number(b.index))
    .map(({ embedding }) => embedding)
    .filter(isVector);
  const wanted = model.dimensions ?? vectors[0]?.length;
  if (vectors.length !== texts.length || !vectors.every(({ length }) => length === wanted)) {
    throw new ProviderError('rejected', 'embedding_malformed', 'The provider sent no usable embeddings.');
  }
  return vectors;
}

/** Sends the request. Repeats it at once without a parameter that the server refuses. */
async function ask(
  input: string[],
  model: AskedModel,
  provider: Provider,
  deadlineMs: number,
): Promise<Record<string, unknown>> {
  for (let learned = await learnedOf(model); ; ) {
    const without = learned.without ?? [];
    const body = {
      model: model.model,
      input,
      ...(!without.includes('encoding_format') && { encoding_format: 'float' }),
      ...(model.dimensions !== null && !without.includes('dimensions') && { dimensions: model.dimensions }),
    };
    try {
      return await postForJson(provider, '/embeddings', body, deadlineMs);
    } catch (err) {
      if (!(err instanceof ProviderError)) throw err;
      const { refused, inWords } = err;
      const sent = refused !== null && refused in body && !mayBeEcho(refused, inWords, input);
      const taught = sent ? lesson(refused, provider, learned) : null;
      if (taught === null) throw err;
      learn('embedding', model, refused, taught);
      learned = taught;
    }
  }
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isHalf);
}

function isHalf(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(Number(value)) <= MOST_OF_A_HALF;
}
