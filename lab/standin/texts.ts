import { type Exchange, modelOf } from './chat.ts';
import { parseDirectives } from './directives.ts';
import { embed, folded, NATURAL } from './embedding.ts';
import { ApiError, type Json, sendJson, textOf } from './wire.ts';

/** POST /v1/embeddings: `input` a text or up to 2048 texts, `encoding_format` float or base64. */
export async function embeddings({ body, res, calls }: Exchange): Promise<void> {
  const model = modelOf(body);
  const texts = inputsOf(body.input);
  const dimensions = dimensionsOf(body.dimensions, model);
  const call = calls.open('/v1/embeddings', model, texts.join('\n'), texts.length);
  calls.note(call, { ended: true });
  failOnRequest(texts, '[[fail-embeddings]]', call.count);
  const tokens = texts.reduce((sum, text) => sum + (text.match(/\S+/g)?.length ?? 0), 0);
  const data = texts.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: encode(folded(embed(text), dimensions), body.encoding_format === 'base64'),
  }));
  sendJson(res, { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}

/** POST /v1/moderations, omni-moderation wire. Flags `[[flag]]` and "kill you", nothing else. */
export async function moderations({ body, res, calls }: Exchange): Promise<void> {
  const model = typeof body.model === 'string' ? body.model : 'omni-moderation-latest';
  // An array of {type, text} parts is one input, an array of strings is many.
  const parts = Array.isArray(body.input) && body.input.some((part) => typeof part === 'object');
  const texts = parts ? [textOf(body.input)] : inputsOf(body.input);
  const call = calls.open('/v1/moderations', model, texts.join('\n'), texts.length);
  calls.note(call, { ended: true });
  failOnRequest(texts, '[[fail-moderation]]', call.count);
  sendJson(res, { id: `modr-${crypto.randomUUID()}`, model, results: texts.map(verdict) });
}

function inputsOf(input: Json | undefined): string[] {
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new ApiError(400, "'input' must be a string or an array of strings.");
  }
  if (texts.includes('')) throw new ApiError(400, "'$.input' is invalid: input cannot be an empty string.");
  if (texts.length > 2048) throw new ApiError(400, "'$.input' is invalid: at most 2048 inputs are allowed.");
  return texts;
}

/** Returns the requested dimensions, or else the model's. */
function dimensionsOf(asked: Json | undefined, model: string): number {
  if (asked === undefined) return NATURAL[model] ?? NATURAL.other;
  if (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 1 || asked > 16_000)
    throw new ApiError(400, "'dimensions' must be a whole number from 1 to 16000.");
  return asked;
}

function failOnRequest(texts: string[], directive: string, count: number): void {
  const asking = texts.find((text) => text.includes(directive));
  if (asking !== undefined && count <= parseDirectives(asking).times) {
    throw new ApiError(500, `The stand-in was asked to fail: ${asking}`);
  }
}

function encode(vector: Float32Array, base64: boolean): Json {
  return base64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
}

function verdict(text: string): Json {
  const flagged = text.includes('[[flag]]') || text.toLowerCase().includes('kill you');
  const hit = (name: string) => flagged && (name === 'violence' || name === 'harassment/threatening');
  const table = (value: (name: string) => Json) =>
    Object.fromEntries(CATEGORIES.map((name) => [name, value(name)]));
  return {
    flagged,
    categories: table(hit),
    category_scores: table((name) => (hit(name) ? 0.98 : 0.0001)),
    category_applied_input_types: table(() => ['text']),
  };
}

const CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];
