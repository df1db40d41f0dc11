import type { IncomingHttpHeaders } from 'node:http';
import { ProviderError, type ProviderTrouble } from './providerErrors.ts';
import { refusedParameter, TOOLLESS } from './refused.ts';

/** A server's answer: status, headers and body (JSON or text). Status 200 for an error inside an answer. */
export type Said = { status: number; headers?: IncomingHttpHeaders; body: unknown };

/** An error's description, gathered from the places that servers use. */
export type Described = {
  message: string;
  /** Codes, types and reasons, unchanged. */
  names: string[];
  /** The status inside the error; 0: none. */
  status: number;
  param: string[];
  /** The wait in Google's RetryInfo, in ms. */
  retryMs: number;
  /** Whether OpenRouter gives reasons of moderation. */
  moderated: boolean;
};

const LONGEST_MESSAGE = 4_000;
const LONGEST_WAIT = 3_600_000;

/**
 * Maps a server's answer to a ProviderError. No other code interprets providers' errors.
 * @returns null for an answer that is not an error
 */
export function troubleOf(said: Said): ProviderError | null {
  const described = describe(said);
  if (described === null) return null;
  const status = said.status >= 400 ? said.status : described.status;
  const rule = RULES.find(({ when }) => when({ ...described, status }));
  const { trouble, code, message } = rule ?? REJECTED;
  const cause = Object.assign(new Error(`the provider answered ${status} ${wordsOf(described)}`.trim()), {
    status,
  });
  return new ProviderError(trouble, code, message, {
    cause,
    retryAfterMs: retryAfterMs(said.headers) || described.retryMs,
    ...(code === REJECTED.code && refusalIn(described)),
  });
}

/** Returns the refused parameter, and whether only the message names it. */
function refusalIn({ param, message }: Described) {
  const named = refusedParameter({ param, message: '' });
  return named === null
    ? { refused: refusedParameter({ param: [], message }), inWords: true }
    : { refused: named };
}

type Rule = Outcome & { when: (error: Described) => boolean };
type Outcome = { trouble: ProviderTrouble; code: string; message: string };

const REJECTED: Outcome = {
  trouble: 'rejected',
  code: 'provider_rejected',
  message: 'The provider refused the request.',
};
const UNAVAILABLE: Outcome = {
  trouble: 'unavailable',
  code: 'provider_unavailable',
  message: 'The model cannot be reached just now.',
};

/** The first matching rule decides. A message counts only where servers give no code. */
const RULES: Rule[] = [
  // Whatever the status: the request may be sent again without tools.
  { ...REJECTED, when: (error) => says(error, TOOLLESS) },
  {
    trouble: 'rejected',
    code: 'content_filter',
    message: "The provider's content filter refused the message.",
    when: (error) =>
      named(error, /^(content_filter|ResponsibleAIPolicyViolation|content_policy_violation)$/) ||
      error.moderated ||
      (error.status < 429 &&
        says(error, /content exists risk|flagged by (moderation|our)|requires moderation/i)),
  },
  {
    trouble: 'rejected',
    code: 'provider_quota',
    message: "The provider's quota is used up.",
    when: (error) =>
      error.status === 402 ||
      named(error, /^(insufficient_quota|budget_exceeded|billing_hard_limit_reached|billing_not_active)$/) ||
      says(error, /credit balance is too low|insufficient (balance|credits)|budget has been exceeded/i),
  },
  {
    trouble: 'rejected',
    code: 'context_length_exceeded',
    message: 'The conversation is too long for the model.',
    when: (error) =>
      named(error, /^(context_length_exceeded|exceed_context_size_error|ContextWindowExceededError)$/) ||
      (TOO_LONG_STATUSES.includes(error.status) && says(error, TOO_LONG)) ||
      // The request exceeds a whole minute's tokens: a wait does not help.
      says(error, /request too large/i) ||
      (error.status === 413 && !says(error, /payload|entity|body/i)),
  },
  {
    trouble: 'rejected',
    code: 'not_supported',
    message: 'The provider does not have what this needs.',
    when: (error) =>
      [405, 501].includes(error.status) || named(error, /^unknown_url$/) || says(error, NO_ENDPOINT),
  },
  {
    trouble: 'rejected',
    code: 'model_not_found',
    message: 'The provider does not have the model.',
    when: (error) =>
      named(error, /^(model_not_found|DeploymentNotFound|model_not_available|invalid_model)$/) ||
      (error.status < 429 && says(error, NO_MODEL)) ||
      (named(error, /^not_found_error$/) && says(error, /^model:/)),
  },
  {
    trouble: 'rejected',
    code: 'provider_key',
    message: 'The provider refused our key.',
    when: (error) =>
      [401, 403].includes(error.status) ||
      named(error, /^(API_KEY_INVALID|invalid_api_key|authentication_error|UNAUTHENTICATED)$/),
  },
  {
    trouble: 'rejected',
    code: 'not_supported',
    message: 'The provider does not have what this needs.',
    when: ({ status }) => status === 404,
  },
  {
    trouble: 'rate_limited',
    code: 'provider_rate_limited',
    message: 'The model is busy.',
    when: (error) =>
      error.status === 429 || named(error, /^(rate_limit_exceeded|rate_limit_error|RESOURCE_EXHAUSTED)$/),
  },
  {
    trouble: 'loading',
    code: 'provider_unavailable',
    message: 'The model is being loaded.',
    when: (error) => error.status === 503 && says(error, /\bloading\b|being loaded|not loaded/i),
  },
  {
    ...UNAVAILABLE,
    // An error without a status that does not concern the request is the server's.
    when: (error) =>
      error.status >= 498 ||
      [408, 409, 425].includes(error.status) ||
      (error.status === 0 && !named(error, /invalid|BadRequest/i)),
  },
];

const TOO_LONG_STATUSES = [0, 400, 413, 422, 500];
const TOO_LONG =
  /context[ _-]?(length|size|window)|prompt is too long|too many (input )?tokens|input token count|reduce the length|max_new_tokens|tokens to keep from the initial prompt/i;
const NO_ENDPOINT =
  /unexpected endpoint|(unknown|invalid|no such) (endpoint|url|path)|does not support (the )?(embeddings?|chat|completions?|moderations?)\b/i;
const NO_MODEL =
  /\bmodels?\b.{0,120}(not found|not exist|not available)|(invalid|unknown|no such) model|not a valid model|no endpoints found|failed to load model/is;

function named({ names }: Described, pattern: RegExp): boolean {
  return names.some((name) => pattern.test(name));
}

function says({ message }: Described, pattern: RegExp): boolean {
  return pattern.test(message);
}

/** Returns an error's short code words. Leaves out sentences, which may quote the request. */
function wordsOf({ names }: Described): string {
  return [...new Set(names)].filter((name) => /^[\w.-]{1,64}$/.test(name)).join(' ');
}

function describe({ status, body }: Said): Described | null {
  const found = errorIn(body, status >= 400);
  if (found === null) return status >= 400 ? describeObject({ message: textOf(body) }) : null;
  return describeObject(found);
}

type Fields = Record<string, unknown>;

/** Returns the object that describes an error: `error`, a list's first item, FastAPI's `detail`, or the body itself. */
function errorIn(body: unknown, failed: boolean): Fields | null {
  if (Array.isArray(body)) return errorIn(body[0], failed);
  if (!isObject(body)) return null;
  const { error } = body;
  if (isObject(error)) return error;
  if (typeof error === 'string' && error !== '') return { ...body, message: error };
  if (body.object === 'error' || body.type === 'error') return body;
  if (!failed) return null;
  return body;
}

function describeObject(error: Fields): Described {
  const { code, type, param, status, metadata, innererror } = error;
  const details = Array.isArray(error.details) ? error.details.filter(isObject) : [];
  const reports = [error.detail, isObject(error.message) ? error.message.detail : null]
    .filter(Array.isArray)
    .flat()
    .filter(isObject);
  const reasons = details.map(({ reason }) => reason);
  const inner = isObject(innererror) ? innererror.code : null;
  const message = [error.message, error.detail, ...reports.map(({ msg }) => msg)].map(textOf).join(' ');
  return {
    message: message.slice(0, LONGEST_MESSAGE),
    names: [code, type, status, inner, ...reasons].filter((name) => typeof name === 'string'),
    status: [code, status].map(Number).find((number) => number >= 400 && number < 600) ?? 0,
    param: [param, ...reports.flatMap(({ loc }) => loc)].filter((name) => typeof name === 'string'),
    retryMs: Math.max(0, ...details.map(({ retryDelay }) => seconds(retryDelay))),
    moderated: isObject(metadata) && ('reasons' in metadata || 'flagged_input' in metadata),
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return isObject(value) ? textOf(value.message ?? value.error) : '';
}

/** Returns the ms of a text like `27.5s`, an hour at most. */
function seconds(text: unknown): number {
  const found = typeof text === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1] : undefined;
  return Math.min(Number(found ?? 0) * 1_000, LONGEST_WAIT);
}

/** Returns the ms that a header asks to wait, an hour at most; 0 without such a header. */
function retryAfterMs(headers: IncomingHttpHeaders = {}): number {
  const exact = Number.parseFloat(String(headers['retry-after-ms'] ?? ''));
  // undici gives an array for a header that is there twice.
  const value = [headers['retry-after']].flat()[0] ?? '';
  const said = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  const ms = [exact, said].find((candidate) => candidate >= 0);
  return ms === undefined ? 0 : Math.min(Math.max(ms, 250), LONGEST_WAIT);
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
