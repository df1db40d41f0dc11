/** Every code that an answer may carry. Codes are stable: clients switch on them. */
export const PROBLEMS = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  bad_request: { status: 400, title: 'The request cannot be understood' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  token_expired: { status: 401, title: 'The access token has expired' },
  second_factor_required: { status: 401, title: 'A code of your second factor is required' },
  forbidden: { status: 403, title: 'Not allowed' },
  consent_required: { status: 403, title: 'Consent to data processing is required' },
  not_found: { status: 404, title: 'Not found' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  run_in_progress: { status: 409, title: 'A run of this conversation is in progress' },
  already_exists: { status: 409, title: 'It exists already' },
  conflict: { status: 409, title: 'Its state does not allow this, or somebody else was first' },
  gone: { status: 410, title: 'This link was used or has run out' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media: { status: 415, title: 'This content type is not supported' },
  unsupported_encoding: { status: 415, title: 'This content encoding is not supported' },
  idempotency_key_reused: { status: 422, title: 'This idempotency key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  quota_exceeded: { status: 429, title: 'No more than that' },
  too_many_waiting_runs: { status: 429, title: 'Too many messages are waiting' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  not_configured: { status: 503, title: 'This feature is not configured' },
  service_unavailable: { status: 503, title: 'Try again in a moment' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;
/**
 * `path` is a JSON pointer into the body or the query ('' is all of it). A header, a cursor and a mail's token go by their
 * name.
 */
export type FieldError = { path: string; message: string };
type Extra = {
  errors?: FieldError[];
  retryAfterS?: number;
  secondFactorToken?: string;
  consent?: MissingConsent;
  cause?: unknown;
};
/** Of `consent_required`: which consent is missing, and the version of its text. */
export type MissingConsent = { kind: 'data_processing'; version: string };

/** An error that the client may see, with a stable code. `detail` is for people and shows nothing internal and no content. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly errors: FieldError[] | undefined;
  /** Seconds for the header Retry-After. */
  readonly retryAfterS: number | undefined;
  /** Of `second_factor_required`: what the second step of the sign-in needs. */
  readonly secondFactorToken: string | undefined;
  readonly consent: MissingConsent | undefined;

  constructor(code: ProblemCode, detail?: string, extra: Extra = {}) {
    super(detail ?? PROBLEMS[code].title, { cause: extra.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = PROBLEMS[code].status;
    this.detail = this.message;
    this.errors = extra.errors;
    this.retryAfterS = extra.retryAfterS;
    this.secondFactorToken = extra.secondFactorToken;
    this.consent = extra.consent;
  }
}

/** Makes a Problem: `throw problem('not_found')`. */
export function problem(code: ProblemCode, detail?: string, extra?: Extra): Problem {
  return new Problem(code, detail, extra);
}

/** Makes the Problem of one wrong field. @param path as in FieldError @param message what the field must be */
export function invalid(path: string, message: string): Problem {
  return problem('validation_failed', undefined, { errors: [{ path, message }] });
}

/** Returns an id that a row can have. @throws Problem `not_found` for any other number */
export function rowId(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw problem('not_found');
  return value;
}

/** Returns the row. @throws Problem `not_found` if there is none */
export function found<T>(row: T | undefined | false): T {
  if (row === undefined || row === false) throw problem('not_found');
  return row;
}

/** Turns what was thrown into a Problem: 503 for an unreachable server, 500 for anything unknown. `cause` is the original. */
export function toProblem(err: unknown): Problem {
  if (err instanceof Problem) return err;
  if (isUnreachable(err)) return problem('service_unavailable', undefined, { retryAfterS: 2, cause: err });
  return problem('internal_error', undefined, { cause: err });
}

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  instance: string;
  errors?: FieldError[];
  /** The same as the header Retry-After, for sockets. */
  consent?: MissingConsent;
  retry_after_s?: number;
  second_factor_token?: string;
};

/**
 * Returns the body of RFC 9457 for what was thrown.
 * @param instance the path of the request, without its query, which may hold a token
 */
export function presentProblem(err: unknown, instance: string): ProblemBody {
  const { code, status, detail, errors, retryAfterS, secondFactorToken, consent } = toProblem(err);
  const body = {
    type: `urn:parley:problem:${code}`,
    title: PROBLEMS[code].title,
    status,
    detail,
    code,
    instance,
  };
  return {
    ...body,
    ...(errors && { errors }),
    ...(retryAfterS !== undefined && { retry_after_s: Math.ceil(retryAfterS) }),
    ...(secondFactorToken !== undefined && { second_factor_token: secondFactorToken }),
    ...(consent && { consent }),
  };
}

/**
 * Says whether a statement ran into its time limit, in Postgres or here. The statement may be too slow each time, so
 * callers that retry must count. `isUnreachable` is also true for such an error.
 */
export function ranTooLong(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  const inner = innermost(err);
  return (inner as { code?: unknown }).code === '57014' || /(^| - )Query read timeout/.test(inner.message);
}

/** Says whether an error means that Postgres or Redis cannot be reached, or cannot serve at the moment. */
export function isUnreachable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const err = innermost(thrown);
  const { code } = err as { code?: unknown };
  if (typeof code === 'string' && UNREACHABLE_CODES.test(code)) return true;
  if (err.name === 'KnexTimeoutError') return true;
  return UNREACHABLE_MESSAGES.test(err.message);
}

/** Returns the error that objection wrapped. */
function innermost(err: Error): Error {
  const { nativeError } = err as { nativeError?: unknown };
  return nativeError instanceof Error && nativeError !== err ? innermost(nativeError) : err;
}

/**
 * Socket errors, and SQLSTATE: 08 connection, 53 resources, 57P0x shutting down or starting, 57014 statement timeout,
 * 25P03 idle in transaction, 55P03 a lock took too long, 25006 read-only (a failover), 40001 and 40P01 lost to another
 * transaction.
 */
const UNREACHABLE_CODES =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|08...|53...|57P0.|57014|25P03|25006|55P03|40001|40P01)$/;
/** Messages of errors that pg and ioredis throw without a code. knex puts the statement and a dash before them. */
const UNREACHABLE_MESSAGES =
  /(^| - )(Connection terminated|Connection ended|timeout expired|Query read timeout|Client has encountered a connection error|Connection is closed|Stream isn't writeable)/;
