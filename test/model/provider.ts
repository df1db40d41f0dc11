import type { ChatChunk, ChatRequest } from '../../shared/provider/chat.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';
import { asked, clock, currentActor, type Step, withdraw } from './control.ts';

export { ProviderError };
export const TOKENS = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
export const TROUBLES = ['rate_limited', 'unavailable', 'rejected'] as const;

let answers = 0;
/** The questions that the model was asked, by the number of the answer. */
export const questions = new Map<number, string>();

/** Streams an answer unique to the attempt, with a character split between chunks. Each chunk is a step. */
export async function* streamChat({ messages }: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk> {
  const nth = ++answers;
  questions.set(nth, messages.at(-1)?.content ?? '');
  for (const delta of [`answer ${nth} `, 'is \uD83D', '\uDE00.']) {
    await chunk(signal);
    yield { delta, finish_reason: null, usage: null };
  }
  await chunk(signal);
  yield { delta: '', finish_reason: 'stop', usage: TOKENS };
}

/** Makes a chunk's step fail with a provider's error. */
export function troubled(step: Step, trouble: (typeof TROUBLES)[number]): void {
  withdraw(step);
  step.reject(
    new ProviderError(trouble, `provider_${trouble}`, 'The model is in trouble.', {
      retryAfterMs: 250,
    }),
  );
}

function chunk(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const actor = currentActor();
  const arrived = asked({ label: 'chunk', kind: 'provider' }, async () => {
    // Longer than the writer coalesces: each chunk becomes an event, unless the previous write is still waiting.
    clock.now += 30;
  });
  const step = actor?.steps.at(-1);
  const abort = () => {
    if (step === undefined) return;
    withdraw(step);
    step.reject(signal.reason);
  };
  signal.addEventListener('abort', abort);
  return arrived.finally(() => signal.removeEventListener('abort', abort));
}
