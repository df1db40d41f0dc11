import type { Usage } from '../delivery/runEvents.ts';
import type { CallPiece } from './tools.ts';
import { isObject } from './troubles.ts';

/** A longer chunk is a provider's fault, not an answer. */
const MAX_CHUNK_CHARACTERS = 100_000;
/** Further tool calls of an answer are ignored. */
const MAX_CALLS = 8;

/** Content of one chunk. `thought`: it holds reasoning. `ending`: the provider's finish_reason. */
export type Piece = {
  text: string;
  thought: boolean;
  calls: CallPiece[];
  ending: string | null;
  usage: Usage | null;
};

/** Reads a chunk, or a whole answer sent instead of chunks. @throws Error when the text is too long */
export function readChunk(chunk: unknown): Piece {
  if (!isObject(chunk)) return { text: '', thought: false, calls: [], ending: null, usage: null };
  const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  const said = isObject(choice) ? (choice.delta ?? choice.message) : undefined;
  const message = isObject(said) ? said : {};
  const text = `${textOf(message.content)}${textOf(message.refusal)}`;
  if (text.length > MAX_CHUNK_CHARACTERS) throw new Error(`a chunk of ${text.length} characters`);
  const ending = isObject(choice) ? choice.finish_reason : null;
  return {
    text,
    thought: [message.reasoning_content, message.reasoning, message.thinking].some(Boolean),
    calls: callsIn(message.tool_calls),
    ending: typeof ending === 'string' && ending !== '' ? ending.toLowerCase() : null,
    usage: usageOf(chunk.usage) ?? usageOf(isObject(chunk.x_groq) ? chunk.x_groq.usage : null),
  };
}

/** Maps providers' finish_reasons to ours. Any other finish_reason means a cut-off answer. */
export const ENDINGS = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['end_turn', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['content_filter', 'content_filter'],
  ['tool_calls', 'tool_calls'],
]);

/** Returns the pieces of tool calls; servers that send whole calls may leave out the index. */
function callsIn(calls: unknown): CallPiece[] {
  if (!Array.isArray(calls)) return [];
  return calls.slice(0, MAX_CALLS).flatMap((call: unknown, position) => {
    if (!isObject(call) || !isObject(call.function)) return [];
    const { name, arguments: input } = call.function;
    const index = Number.isInteger(call.index) ? Number(call.index) : position;
    if (index < 0 || index >= MAX_CALLS) return [];
    return [
      {
        index,
        name: typeof name === 'string' ? name.slice(0, 100) : '',
        input: typeof input === 'string' ? input : isObject(input) ? JSON.stringify(input) : '',
      },
    ];
  });
}

/** Returns the text of a message's content, which is a string or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) ? textOf(part.text) : textOf(part))).join('');
}

/** Returns the usage; null when a count is not a valid number. */
function usageOf(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const { prompt_tokens, completion_tokens, total_tokens } = usage;
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return null;
  const total = total_tokens ?? prompt_tokens + completion_tokens;
  return isCount(total) ? { prompt_tokens, completion_tokens, total_tokens: total } : null;
}

function isCount(count: unknown): count is number {
  return Number.isInteger(count) && Number(count) >= 0 && Number(count) < 2 ** 31;
}
