import { messageTexts } from '../../db/models/message.ts';
import type { Outcome, Source } from '../../db/models/run.ts';
import type { Turn } from '../../db/models/turn.ts';
import { env } from '../../shared/base/env.ts';
import type { Usage } from '../../shared/delivery/events.ts';
import { type ChatRequest, streamChat } from '../../shared/provider/llm.ts';
import { answerTimes } from '../../shared/provider/measure.ts';
import { textIn } from '../../shared/texts/textIn.ts';
import { buildPrompt } from '../context/prompt.ts';
import { TOO_SLOW, wasTooSlow } from '../timeouts.ts';
import { type Ending, failed } from './ending.ts';
import { Guard, Withheld } from './guard.ts';
import type { Lease } from './lease.ts';
import type { Writer } from './writer.ts';

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
  if (turn.moderation?.flagged) return refuse(turn, writer);
  if (turn.moderation === null || turn.context === null) return unprepared(turn);

  const request = await prepare(turn, model);
  const ending = await stream(request, writer, lease, turn);
  return { ...ending, model };
}

/** The passages that the model was offered. */
export function sourcesOf({ context }: Turn): Source[] {
  const passages = context?.passages ?? [];
  return passages.map(({ faq_id, question, similarity }) => ({ faq_id, question, similarity }));
}

/** A stage has left nothing: it failed as often as it may. */
async function unprepared({ run_id, moderation }: Turn): Promise<Ending> {
  if (await wasTooSlow(run_id)) return TOO_SLOW;
  if (moderation === null) return failed('moderation_unavailable', 'The message could not be checked.');
  return failed('context_failed', 'The conversation could not be prepared.');
}

function refuse(turn: Turn, writer: Writer): Ending {
  writer.write(textIn(turn.language, 'refusal'));
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
  let first_token_ms: number | undefined;
  const show = (text: string): void => {
    first_token_ms ??= times.firstToken();
    writer.write(text);
  };
  const outlet = outletTo(show, turn, lease.signal);
  try {
    const said = await listen(request, outlet);
    await outlet.end();
    times.end();
    return { ...said, ...(first_token_ms !== undefined && { first_token_ms }) };
  } catch (err) {
    if (!(err instanceof Withheld)) throw err;
    return withheld(err, writer, turn);
  } finally {
    outlet.close();
  }
}

/** Where the model's text goes: straight to the user, or past the guard. Its signal tells that the model may stop. */
type Outlet = {
  signal: AbortSignal;
  write: (delta: string) => void;
  end: () => Promise<void>;
  close: () => void;
};

function outletTo(show: (text: string) => void, { context, user_id }: Turn, signal: AbortSignal): Outlet {
  if (env.OUTPUT_GUARD === 'on') return new Guard(show, context?.passages ?? [], signal, user_id);
  return { signal, write: show, end: async () => {}, close: () => {} };
}

async function listen(
  request: ChatRequest,
  outlet: Outlet,
): Promise<Pick<Outcome, 'status' | 'finish_reason' | 'usage'>> {
  let finish_reason: string | null = null;
  let usage: Usage | null = null;
  let length = 0;
  for await (const chunk of streamChat(request, outlet.signal)) {
    if (chunk.delta !== '') outlet.write(chunk.delta);
    length += chunk.delta.length;
    if (length > LONGEST_ANSWER) {
      finish_reason = 'length';
      break;
    }
    finish_reason = chunk.finish_reason ?? finish_reason;
    usage = chunk.usage ?? usage;
  }
  const whole = finish_reason !== 'length' && finish_reason !== 'content_filter';
  return { status: whole ? 'completed' : 'incomplete', finish_reason, usage };
}

/** What was shown stays, and is all that is kept; the user is told that there is no more. */
function withheld({ why }: Withheld, writer: Writer, turn: Turn): Ending {
  if (why === 'unchecked') return failed('moderation_unavailable', 'The answer could not be checked.');
  const { language } = turn;
  writer.write(writer.content === '' ? textIn(language, 'refusal') : `\n\n${textIn(language, 'apology')}`);
  return { status: 'completed', finish_reason: 'content_filter', usage: null, filtered: true };
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
