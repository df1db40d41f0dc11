import type { Source } from '../../db/models/runView.ts';
import type { Turn, Verdict } from '../../db/models/turn.ts';
import { env } from '../../shared/base/env.ts';
import { oneLine } from '../../shared/base/oneLine.ts';
import type { Usage } from '../../shared/delivery/runEvents.ts';
import { answerTimes } from '../../shared/provider/measure.ts';
import { handoffText, reasonFrom } from '../../shared/people/handoffText.ts';
import { HAND_OVER, type ToolCall } from '../../shared/provider/tools.ts';
import { textIn } from '../../shared/texts/textIn.ts';
import { type Ending, failed, TOO_SLOW, UNCHECKED } from './ending.ts';
import { parametersOf } from '../../shared/assistants/parameters.ts';
import { citedIn } from '../../shared/prompt/cited.ts';
import { promptOf } from '../../shared/prompt/decide.ts';
import { holdsEscapes } from '../../shared/prompt/escape.ts';
import { type ChatRequest, streamChat } from '../../shared/provider/chat.ts';
import type { ModelRef } from '../../shared/provider/config.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';
import { countTokens } from '../../shared/provider/tokens.ts';
import { Gate, type Outlet } from './gate.ts';
import { Guard } from './guard.ts';
import type { Lease } from './lease.ts';
import { Plain } from './plain.ts';
import { wasTooSlow } from './timeouts.ts';
import { Withheld } from './verdict.ts';
import { hadItsShare, promptTokens, reserve } from './share.ts';
import type { Writer } from './writer.ts';

export type Claimed = {
  turn: Turn;
  writer: Writer;
  lease: Lease;
  /** Of a moderation that runs beside the model; no text is shown before the verdict. Null: it ran before. */
  verdict: Promise<Verdict> | null;
};

/**
 * Answers a turn with a model, into the writer.
 * @returns the run's ending
 * @throws ProviderError, Interrupted
 */
export async function answer(claimed: Claimed, model: ModelRef): Promise<Ending> {
  const { turn, writer, verdict } = claimed;
  if (turn.moderation?.flagged) return refuse(turn, writer);
  const unjudged = turn.moderation === null && verdict === null;
  if (unjudged || turn.context === null) return unprepared(turn, unjudged);

  const request = await prepare(turn, model);
  const spent = await reserve(turn, claimed.lease, request);
  if (spent !== undefined) return spent;
  const ending = await stream(request, claimed);
  return { ...ending, model: model.name };
}

/** Returns what the model was offered, and the sources of its answer. A refused question was offered nothing. */
export function sourcesOf(
  { context }: Turn,
  ending: Ending,
  answer: string,
): Record<'offered' | 'sources', Source[]> {
  const passages = ending.model === undefined ? [] : (context?.passages ?? []);
  const offered = passages.map(({ faq_id, question, similarity }) => ({ faq_id, question, similarity }));
  const answered = ['completed', 'incomplete'].includes(ending.status) && ending.filtered !== true;
  if (!answered || ending.handoff !== undefined) return { offered, sources: [] };
  return { offered, sources: env.ANSWER_CHECK === 'off' ? offered : citedIn(answer, offered) };
}

/** Returns the ending of a run whose stage left no result after its last attempt. */
async function unprepared({ run_id }: Turn, unjudged: boolean): Promise<Ending> {
  if (await wasTooSlow(run_id)) return TOO_SLOW;
  if (unjudged) return failed(...UNCHECKED);
  return failed('context_failed', 'The conversation could not be prepared.');
}

function refuse(turn: Turn, writer: Writer): Ending {
  writer.write(textIn(turn.language, 'refusal'));
  return { status: 'completed', finish_reason: 'content_filter', usage: null, filtered: true };
}

/** Builds the request from the context record. */
async function prepare(turn: Turn, model: ModelRef): Promise<ChatRequest> {
  const tools = turn.assistant?.handoff.enabled ? [HAND_OVER] : [];
  return { model, messages: await promptOf(turn, turn.context), ...parametersOf(turn.assistant), tools };
}

async function stream(request: ChatRequest, { turn, writer, lease, verdict }: Claimed): Promise<Ending> {
  const times = answerTimes(turn, lease.attempt);
  let first_token_ms: number | undefined;
  const show = (text: string): void => {
    first_token_ms ??= times.firstToken();
    writer.write(text);
  };
  const guarded = outletTo(show, turn, lease.signal);
  const shown = holdsEscapes(request.messages, turn.context?.passages ?? []) ? new Plain(guarded) : guarded;
  const outlet = verdict === null ? shown : new Gate(shown, verdict);
  const heard: Heard = { text: '', finish_reason: null, usage: null, call: null };
  try {
    await listen(request, outlet, heard, turn);
    await outlet.end();
    times.end();
    const handoff = await handOver(heard, turn, show, writer);
    return { ...endingOf(heard), ...handoff, ...(first_token_ms !== undefined && { first_token_ms }) };
  } catch (err) {
    if (err instanceof Withheld) return withheld(err, writer, turn, heard);
    if (!(err instanceof ProviderError) || err.code !== 'content_filter') throw err;
    return withheld(new Withheld('flagged', err), writer, turn, heard);
  } finally {
    outlet.close();
  }
}

/** The model's output, shown or not. */
type Heard = {
  text: string;
  finish_reason: string | null;
  usage: Usage | null;
  call: ToolCall | null;
};

/** Tells the user that a person will answer, where the model asks for one. Returns that part of the ending. */
async function handOver(
  { call }: Heard,
  { user_id, language }: Turn,
  show: (text: string) => void,
  writer: Writer,
): Promise<Pick<Ending, 'handoff'>> {
  if (call?.name !== HAND_OVER.name) return {};
  const text = await handoffText(user_id, language);
  show(writer.content === '' ? text : `\n\n${text}`);
  return { handoff: { reason: reasonFrom(call.input) } };
}

function outletTo(show: (text: string) => void, { context, user_id }: Turn, signal: AbortSignal): Outlet {
  if (env.OUTPUT_GUARD === 'on') return new Guard(show, context?.passages ?? [], signal, user_id);
  return { signal, write: show, end: async () => {}, close: () => {} };
}

async function listen(request: ChatRequest, outlet: Outlet, heard: Heard, turn: Turn): Promise<void> {
  let chunks = 0;
  for await (const chunk of streamChat(request, outlet.signal)) {
    if (chunk.delta !== '') outlet.write(chunk.delta);
    heard.text += chunk.delta;
    heard.finish_reason = chunk.finish_reason ?? heard.finish_reason;
    heard.usage = chunk.usage ?? heard.usage;
    heard.call = chunk.call ?? heard.call;
    if (chunk.delta !== '') chunks += 1;
    if (hadItsShare(request, chunks) && heard.finish_reason === null) {
      Object.assign(heard, { finish_reason: 'length', usage: costOf(turn, heard) });
      return;
    }
  }
}

function endingOf({ finish_reason, usage }: Heard): Ending {
  const whole = finish_reason !== 'length' && finish_reason !== 'content_filter';
  return { status: whole ? 'completed' : 'incomplete', finish_reason, usage };
}

/** Keeps only the shown text. A notice says that the answer ends there. */
function withheld({ why }: Withheld, writer: Writer, turn: Turn, heard: Heard): Ending {
  if (why === 'unchecked') return failed(...UNCHECKED);
  const { language } = turn;
  writer.write(writer.content === '' ? textIn(language, 'refusal') : `\n\n${textIn(language, 'apology')}`);
  const usage = why === 'question' ? costOf(turn, heard) : null;
  return { status: 'completed', finish_reason: 'content_filter', usage, filtered: true };
}

/** Returns the usage of a dropped answer: the provider's count, or else our own. */
function costOf({ context }: Turn, { text, usage }: Heard): Usage {
  if (usage !== null) return usage;
  const prompt_tokens = promptTokens({ context });
  const completion_tokens = countTokens(text);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** Returns a conversation's title: the first question's first line, cut at a word, 60 characters at most. */
export function titleOf(question: string): string {
  // A pattern for the white space before the end of the line takes time quadratic in its length.
  const line = question.trim().split('\n', 1)[0] ?? '';
  const characters = [...oneLine(line)];
  if (characters.length <= 60) return characters.join('');
  return `${characters
    .slice(0, 59)
    .join('')
    .replace(/\s+\S*$/, '')}…`;
}
