import type { Answering } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';

/** Parameters of a chat request besides the prompt. */
export type Parameters = { max_completion_tokens: number; temperature: number };

/** Returns an assistant's parameters; the environment gives those that the assistant lacks. */
export function parametersOf(assistant: Answering | null): Parameters {
  return {
    max_completion_tokens: assistant?.max_completion_tokens ?? env.MAX_COMPLETION_TOKENS,
    temperature: assistant?.temperature ?? env.TEMPERATURE,
  };
}
