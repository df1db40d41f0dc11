import type { Usage } from '../delivery/runEvents.ts';
import {
  aiErrors,
  aiFirstToken,
  aiRequests,
  aiResponseTime,
  aiTokens,
  engineOverhead,
  firstToken,
  runStage,
} from '../ops/metrics.ts';
import type { ModelRef } from './config.ts';
import { ProviderError } from './providerErrors.ts';

type Called = Pick<ModelRef, 'provider' | 'model'>;

/** Counts and times one call of the provider. @returns the call's result; rejects as the call does */
export async function measured<T>({ provider, model }: Called, call: Promise<T>): Promise<T> {
  const labels = { provider, model };
  const end = aiResponseTime.startTimer(labels);
  try {
    const answer = await call;
    aiRequests.inc({ ...labels, outcome: 'ok' });
    return answer;
  } catch (err) {
    countFailure(labels, err);
    throw err;
  } finally {
    end();
  }
}

/** Counts and times a streamed answer, its first token and its tokens. A stream left early counts as `aborted`. */
export async function* measuredStream<Chunk extends { delta: string; usage: Usage | null }>(
  { provider, model }: Called,
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<Chunk> {
  const labels = { provider, model };
  const end = aiResponseTime.startTimer(labels);
  const endOfWait = aiFirstToken.startTimer(labels);
  let [waiting, over] = [true, false];
  try {
    for await (const chunk of chunks) {
      if (waiting && chunk.delta !== '') {
        waiting = false;
        endOfWait();
      }
      if (chunk.usage !== null) countTokensUsed(labels, chunk.usage);
      yield chunk;
    }
    over = true;
    aiRequests.inc({ ...labels, outcome: 'ok' });
  } catch (err) {
    over = true;
    countFailure(labels, err);
    throw err;
  } finally {
    if (!over) aiRequests.inc({ ...labels, outcome: 'aborted' });
    end();
  }
}

/** Counts the tokens of a provider's usage. Some servers send no usage. */
export function countTokensUsed(
  { provider, model }: Called,
  usage: { prompt_tokens: number; completion_tokens?: number } | undefined,
): void {
  if (!usage) return;
  const { prompt_tokens, completion_tokens } = usage;
  if (prompt_tokens > 0) aiTokens.inc({ provider, model, kind: 'prompt' }, prompt_tokens);
  if (completion_tokens && completion_tokens > 0)
    aiTokens.inc({ provider, model, kind: 'completion' }, completion_tokens);
}

/**
 * Starts timing an answer; call it just before the model. Records earlier waits for first attempts only, because later
 * attempts wait for other reasons. Clocks of machines differ, so no time is below 0.
 * @returns `firstToken`: call once; returns ms since the message was accepted. `end`: call after the last token
 */
export function answerTimes(run: { created_at: Date; queued_at: Date | null }, attempt: number) {
  const called = Date.now();
  const accepted = run.created_at.getTime();
  const queued = run.queued_at?.getTime() ?? accepted;
  return {
    firstToken(): number {
      const ms = Math.max(0, Date.now() - accepted);
      if (attempt > 1) return ms;
      firstToken.observe(ms / 1_000);
      engineOverhead.observe(seconds(queued, called));
      runStage.observe({ stage: 'waiting' }, seconds(accepted, queued));
      runStage.observe({ stage: 'preparing' }, seconds(queued, called));
      return ms;
    },
    end(): void {
      runStage.observe({ stage: 'answering' }, seconds(called, Date.now()));
    },
  };
}

function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}

/** Counts a failed call. An error that is not a ProviderError is the caller's abort. */
function countFailure(labels: Called, err: unknown): void {
  if (!(err instanceof ProviderError)) return aiRequests.inc({ ...labels, outcome: 'aborted' });
  aiRequests.inc({ ...labels, outcome: err.trouble });
  aiErrors.inc({ ...labels, kind: err.code });
}
