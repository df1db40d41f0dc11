import { messageTexts } from '../../db/models/message.ts';
import type { Outcome } from '../../db/models/run.ts';
import { saveParameters, type Turn } from '../../db/models/turn.ts';
import { env } from '../../shared/env.ts';
import type { Usage } from '../../shared/events.ts';
import { type ChatRequest, streamChat } from '../../shared/llm.ts';
import { answerTimes } from '../../shared/measure.ts';
import { buildPrompt, politeRefusal } from '../context/prompt.ts';
import type { Lease } from './lease.ts';
import type { Writer } from './writer.ts';

export type Ending = Omit<Outcome, 'content'>;

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
  const { max_completion_tokens, temperature } = request;
  await saveParameters(turn.run_id, lease.attempt, model, { max_completion_tokens, temperature });
  const ending = await stream(request, writer, lease, turn);
  const sources = turn.context.passages.map(({ faq_id, question, similarity }) => ({
    faq_id,
    question,
    similarity,
  }));
  return { ...ending, model, sources, title: titleOf(turn.question) };
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
    max_completion_tokens: env.MAX_COMPLETION_TOKENS,
    temperature: env.TEMPERATURE,
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
function titleOf(question: string): string {
  const line = question.trim().split(/\s*\n/, 1)[0] ?? '';
  const characters = [...line.replace(/\s+/g, ' ')];
  if (characters.length <= 60) return characters.join('');
  return `${characters
    .slice(0, 59)
    .join('')
    .replace(/\s+\S*$/, '')}…`;
}
