import type { Answering } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';

/** What the model is asked with, besides the prompt. */
export type Parameters = { max_completion_tokens: number; temperature: number };

/** The parameters of an assistant, each the environment's where the assistant has none. */
export function parametersOf(assistant: Answering | null): Parameters {
  return {
    max_completion_tokens: assistant?.max_completion_tokens ?? env.MAX_COMPLETION_TOKENS,
    temperature: assistant?.temperature ?? env.TEMPERATURE,
  };
}
