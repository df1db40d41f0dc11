import type { ChatChunk, ChatRequest } from '../../shared/provider/chat.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';
import { asked, clock, currentActor, type Step, withdraw } from './control.ts';

export { ProviderError };
export const TOKENS = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
/** What can go wrong at a chunk. */
export const TROUBLES = ['rate_limited', 'unavailable', 'rejected'] as const;

let answers = 0;

/** Streams an answer that no other attempt gives, cut through a character, each chunk a step. */
export async function* streamChat(_request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk> {
  const nth = ++answers;
  for (const delta of [`answer ${nth} `, 'is \uD83D', '\uDE00.']) {
    await chunk(signal);
    yield { delta, finish_reason: null, usage: null };
  }
  await chunk(signal);
  yield { delta: '', finish_reason: 'stop', usage: TOKENS };
}

/** Makes a chunk's step fail as the provider would. */
export function troubled(step: Step, trouble: (typeof TROUBLES)[number]): void {
  withdraw(step);
  step.reject(
    new ProviderError(trouble, `provider_${trouble}`, 'The model is in trouble.', null, {
      retryAfterMs: 250,
    }),
  );
}

function chunk(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const actor = currentActor();
  const arrived = asked({ label: 'chunk', kind: 'provider' }, async () => {
    // More than the writer coalesces: each chunk is an event, unless the one before is still on its way.
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
