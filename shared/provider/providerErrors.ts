/**
 * rate_limited: call again after retryAfterMs. loading: the model is loading, call again soon. unavailable, timeout: a
 * retry may help. rejected: no retry of this request helps.
 */
export type ProviderTrouble = 'rate_limited' | 'loading' | 'unavailable' | 'timeout' | 'rejected';

/** Codes of a wrong configuration, not a wrong request: another model may answer. */
const ELSEWHERE = ['provider_key', 'provider_quota', 'model_not_found', 'not_supported'];

type Facts = {
  cause?: unknown;
  /** The wait that the provider asks for; 0: none. */
  retryAfterMs?: number;
  /** The parameter that the provider refuses. */
  refused?: string | null;
  /** Whether only the provider's message names the parameter. The message may quote the request. */
  inWords?: boolean;
};

/** A provider's failure, in words that a client may see. The log gets `cause`, without the provider's words. */
export class ProviderError extends Error {
  readonly trouble: ProviderTrouble;
  readonly code: string;
  readonly retryAfterMs: number;
  readonly refused: string | null;
  readonly inWords: boolean;
  /** Whether the answer had begun. Such a failure says little about the next request. */
  inStream = false;

  constructor(
    trouble: ProviderTrouble,
    code: string,
    message: string,
    { cause, retryAfterMs = 0, refused = null, inWords = false }: Facts = {},
  ) {
    super(message, { cause: wordless(cause) });
    this.name = 'ProviderError';
    this.trouble = trouble;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.refused = refused;
    this.inWords = inWords;
  }

  /** Whether to call the next model of the order. */
  get elsewhere(): boolean {
    return ELSEWHERE.includes(this.code);
  }

  /** Whether the provider asks for a later call. Such a failure uses up no retry. */
  get comeBack(): boolean {
    return this.trouble === 'rate_limited' || this.trouble === 'loading';
  }
}

/** Replaces a SyntaxError, which quotes the provider's text. */
function wordless(err: unknown): unknown {
  return err instanceof SyntaxError ? new Error('what the provider sent is not JSON') : err;
}

/** Returns the error of a stream without a valid finish_reason. */
export function cutOff(): ProviderError {
  return new ProviderError('unavailable', 'provider_unavailable', 'The answer was cut off.');
}

/** Returns the error of a call over its time limit. */
export function timedOut(cause: unknown): ProviderError {
  return new ProviderError('timeout', 'provider_timeout', 'The model took too long to answer.', { cause });
}

/** Returns the ProviderError of any error that a call throws. */
export function toProviderError(err: unknown): ProviderError {
  if (err instanceof ProviderError) return err;
  const message = 'The model cannot be reached just now.';
  return new ProviderError('unavailable', 'provider_unavailable', message, { cause: err });
}
