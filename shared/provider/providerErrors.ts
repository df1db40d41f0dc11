import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';

/**
 * rate_limited: come back after retryAfterMs. unavailable, timeout: worth another try. rejected: the provider
 * will not take this request however often it is sent.
 */
export type ProviderTrouble = 'rate_limited' | 'unavailable' | 'timeout' | 'rejected';

/** What went wrong at the provider, in words that a client may see. `cause` goes to the log, without the provider's words. */
export class ProviderError extends Error {
  readonly trouble: ProviderTrouble;
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(trouble: ProviderTrouble, code: string, message: string, cause?: unknown, retryAfterMs = 0) {
    super(message, { cause: wordless(cause) });
    this.name = 'ProviderError';
    this.trouble = trouble;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a provider says of an error may quote what it was sent, and a SyntaxError quotes what it sent back. */
function wordless(err: unknown): unknown {
  if (err instanceof SyntaxError) return new Error('what the provider sent is no JSON');
  if (!(err instanceof APIError) || err instanceof APIConnectionError) return err;
  const { status, code, type, requestID } = err;
  const known = [code, type].map((word) => (/^[\w.-]{1,64}$/.test(word ?? '') ? word : null));
  return Object.assign(new Error(`${err.constructor.name} ${known.join(' ')}, request ${requestID}`), {
    status,
  });
}

/** A stream that ended without saying why. */
export function cutOff(): ProviderError {
  return new ProviderError('unavailable', 'provider_unavailable', 'The answer was cut off.');
}

/** Something did not come in time. */
export function timedOut(cause: unknown): ProviderError {
  return new ProviderError('timeout', 'provider_timeout', 'The model took too long to answer.', cause);
}

/** What an error of a call means to us. */
export function toProviderError(err: unknown): ProviderError {
  if (err instanceof ProviderError) return err;
  if (err instanceof APIConnectionTimeoutError) return timedOut(err);
  const down = new ProviderError(
    'unavailable',
    'provider_unavailable',
    'The model cannot be reached just now.',
    err,
  );
  if (!(err instanceof APIError) || err instanceof APIConnectionError || err.status === undefined)
    return down;

  const { status, code } = err;
  const rejected = (name: string, message: string) => new ProviderError('rejected', name, message, err);
  if (code === 'insufficient_quota')
    return rejected('provider_quota_exceeded', "The provider's quota is used up.");
  if (status === 429) {
    const message = 'The model is busy.';
    return new ProviderError('rate_limited', 'provider_rate_limited', message, err, retryAfterMs(err));
  }
  if (status >= 500 || status === 408 || status === 409) return down;
  if (status === 401 || status === 403)
    return rejected('provider_unauthorized', 'The provider refused our key.');
  if (code === 'context_length_exceeded')
    return rejected(code, 'The conversation is too long for the model.');
  return rejected('provider_rejected', 'The provider refused the request.');
}

/** Milliseconds that a 429 asks to wait; 1 s when it does not say, an hour at most, and never no time at all. */
function retryAfterMs(err: APIError): number {
  const exact = Number.parseFloat(err.headers?.get('retry-after-ms') ?? '');
  const value = err.headers?.get('retry-after') ?? '';
  const said = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  const ms = [exact, said, 1_000].find((candidate) => candidate >= 0) ?? 1_000;
  return Math.min(Math.max(ms, 250), 3_600_000);
}
