import { messageTexts } from '../../db/models/message.ts';
import type { Outcome, Source } from '../../db/models/run.ts';
import type { Turn } from '../../db/models/turn.ts';
import { env } from '../../shared/env.ts';
import type { Usage } from '../../shared/events.ts';
import { type ChatRequest, streamChat } from '../../shared/llm.ts';
import { answerTimes } from '../../shared/measure.ts';
import { buildPrompt, politeRefusal } from '../context/prompt.ts';
import type { Lease } from './lease.ts';
import type { Writer } from './writer.ts';

export type Ending = Omit<Outcome, 'content' | 'parameters' | 'sources' | 'title'>;

/** In characters. Far beyond MAX_COMPLETION_TOKENS: a provider that ignores the limit is stopped. */
const LONGEST_ANSWER = 500_000;

/** What the model is asked with, besides the prompt. */
export const PARAMETERS = {
  max_completion_tokens: env.MAX_COMPLETION_TOKENS,
  temperature: env.TEMPERATURE,
};

/**
 * Answers a turn into the writer, with the given model.
 * @returns how the run ends
 * @throws ProviderError, Interrupted
 */
export async function answer(turn: Turn, model: string, writer: Writer, lease: Lease): Promise<Ending> {
  if (turn.moderation === null) return failed('moderation_unavailable', 'The message could not be checked.');
  if (turn.moderation.flagged) return refuse(turn, writer);
  if (turn.context === null) return failed('context_failed', 'The conversation could not be prepared.');

  const request = await prepare(turn, model);
  const ending = await stream(request, writer, lease, turn);
  return { ...ending, model };
}

/** Whether a turn is answered by the model at all. */
export function needsModel({ moderation, context }: Turn): boolean {
  return moderation !== null && !moderation.flagged && context !== null;
}

/** The passages that the model was offered. */
export function sourcesOf({ context }: Turn): Source[] {
  const passages = context?.passages ?? [];
  return passages.map(({ faq_id, question, similarity }) => ({ faq_id, question, similarity }));
}

/** How a run ends that cannot be answered. */
export function failed(code: string, message: string): Ending {
  return { status: 'failed', error: { code, message } };
}

function refuse(turn: Turn, writer: Writer): Ending {
  writer.write(politeRefusal(turn.language));
  return { status: 'completed', finish_reason: 'content_filter', usage: null, filtered: true };
}

/** The request that the context record stands for. */
async function prepare(turn: Turn, model: string): Promise<ChatRequest> {
  const context = turn.context;
  const prompt = buildPrompt({
    language: turn.language,
    passages: context?.passages ?? [],
    history: await messageTexts(context?.message_ids ?? []),
    question: context?.question_cut_to ?? turn.question,
  });
  return {
    model,
    messages: prompt,
    ...PARAMETERS,
  };
}

async function stream(request: ChatRequest, writer: Writer, lease: Lease, turn: Turn): Promise<Ending> {
  const times = answerTimes(turn, lease.attempt);
  let finish_reason: string | null = null;
  let usage: Usage | null = null;
  let first_token_ms: number | undefined;
  for await (const chunk of streamChat(request, lease.signal)) {
    if (chunk.delta !== '') {
      first_token_ms ??= times.firstToken();
      writer.write(chunk.delta);
    }
    if (writer.content.length > LONGEST_ANSWER) {
      finish_reason = 'length';
      break;
    }
    finish_reason = chunk.finish_reason ?? finish_reason;
    usage = chunk.usage ?? usage;
  }
  times.end();
  const whole = finish_reason !== 'length' && finish_reason !== 'content_filter';
  return {
    status: whole ? 'completed' : 'incomplete',
    finish_reason,
    usage,
    ...(first_token_ms !== undefined && { first_token_ms }),
  };
}

/** A conversation is named after its first question: its first line, at most 60 characters, cut at a word. */
export function titleOf(question: string): string {
  const line = question.trim().split(/\s*\n/, 1)[0] ?? '';
  const characters = [...line.replace(/\s+/g, ' ')];
  if (characters.length <= 60) return characters.join('');
  return `${characters
    .slice(0, 59)
    .join('')
    .replace(/\s+\S*$/, '')}…`;
}
