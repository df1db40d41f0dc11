import { APIConnectionError, APIConnectionTimeoutError } from 'openai';

/**
 * rate_limited: come back after retryAfterMs. loading: the model is being loaded, come back soon. unavailable, timeout:
 * worth another try. rejected: the provider will not take this request however often it is sent.
 */
export type ProviderTrouble = 'rate_limited' | 'loading' | 'unavailable' | 'timeout' | 'rejected';

/** Codes of what is wrong between a provider and us, whatever the request says: another model may do. */
const ELSEWHERE = ['provider_key', 'provider_quota', 'model_not_found', 'not_supported'];

/** What is known of a trouble beside its words. */
type Facts = {
  /** What the provider asks to wait; 0 where it does not say. */
  retryAfterMs?: number;
  /** The parameter of ours that the provider refuses. */
  refused?: string | null;
  /** Whether only the provider's message says so, which may quote what it was sent. */
  inWords?: boolean;
};

/** What went wrong at the provider, in words that a client may see. `cause` goes to the log, without the provider's words. */
export class ProviderError extends Error {
  readonly trouble: ProviderTrouble;
  readonly code: string;
  readonly retryAfterMs: number;
  readonly refused: string | null;
  readonly inWords: boolean;
  /** Whether the answer had begun: the trouble is this request's, and says little about the next one's. */
  inStream = false;

  constructor(
    trouble: ProviderTrouble,
    code: string,
    message: string,
    cause?: unknown,
    { retryAfterMs = 0, refused = null, inWords = false }: Facts = {},
  ) {
    super(message, { cause: wordless(cause) });
    this.name = 'ProviderError';
    this.trouble = trouble;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.refused = refused;
    this.inWords = inWords;
  }

  /** Whether the next model of the order is to be asked. */
  get elsewhere(): boolean {
    return ELSEWHERE.includes(this.code);
  }

  /** Whether the provider asks to come back later: no try is burnt. */
  get comeBack(): boolean {
    return this.trouble === 'rate_limited' || this.trouble === 'loading';
  }
}

/** A SyntaxError quotes what the provider sent. */
function wordless(err: unknown): unknown {
  return err instanceof SyntaxError ? new Error('what the provider sent is no JSON') : err;
}

/** A stream that ended without saying why. */
export function cutOff(): ProviderError {
  return new ProviderError('unavailable', 'provider_unavailable', 'The answer was cut off.');
}

/** Something did not come in time. */
export function timedOut(cause: unknown): ProviderError {
  return new ProviderError('timeout', 'provider_timeout', 'The model took too long to answer.', cause);
}

/** What an error of a call means to us, where the provider itself said nothing. */
export function toProviderError(err: unknown): ProviderError {
  if (err instanceof ProviderError) return err;
  if (err instanceof APIConnectionError && err.cause instanceof ProviderError) return err.cause;
  if (err instanceof APIConnectionTimeoutError) return timedOut(err);
  return new ProviderError(
    'unavailable',
    'provider_unavailable',
    'The model cannot be reached just now.',
    err,
  );
}
