import type { Problem } from './types.ts';

/** The server refused a request. `problem.code` is stable. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.name = 'Refused';
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  /** Whether the same request may succeed later. */
  get mayPass(): boolean {
    const { status } = this.problem;
    return status >= 500 || status === 429 || status === 408 || status === 401;
  }
}

/** No answer came: the network is down, or the server is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached', { cause });
    this.name = 'Unreachable';
  }
}

export type Options = {
  body?: object;
  token?: string;
  key?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** `omit`: the request has no cookies, and its answer changes none. */
  credentials?: 'omit';
};

const WITHIN_MS = 30_000;

/**
 * Sends one request to the API.
 * @param base where Parley is, such as `https://chat.example.org` or `https://example.org/parley`
 * @param path what follows `/api/v1`
 * @returns the answer's JSON; undefined for a 204
 * @throws Refused, Unreachable
 */
export async function request<T>(
  base: string,
  method: string,
  path: string,
  options: Options = {},
): Promise<T> {
  const answer = await ask(base, method, path, options);
  const text = await read(() => answer.text());
  if (!answer.ok) throw new Refused(problemOf(answer, text));
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Gets a file, such as a table or an archive. @throws Refused, Unreachable */
export async function requestFile(base: string, path: string, options: Options = {}): Promise<Blob> {
  const answer = await ask(base, 'GET', path, options);
  if (!answer.ok) throw new Refused(problemOf(answer, await read(() => answer.text())));
  return read(() => answer.blob());
}

function ask(base: string, method: string, path: string, options: Options): Promise<Response> {
  const { body, credentials, signal = AbortSignal.timeout(WITHIN_MS) } = options;
  return read(() =>
    fetch(`${base}/api/v1${path}`, {
      method,
      headers: headersOf(options),
      signal,
      ...(credentials && { credentials }),
      ...(body && { body: JSON.stringify(body) }),
    }),
  );
}

async function read<T>(from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new Unreachable(cause);
  }
}

export function headersOf({ body, token, key, headers }: Options): Record<string, string> {
  return {
    ...(body && { 'content-type': 'application/json' }),
    ...(token && { authorization: `Bearer ${token}` }),
    ...(key && { 'idempotency-key': key }),
    ...headers,
  };
}

/** Reads the problem of an answer. A proxy's own page becomes a problem as well. */
function problemOf({ status, headers }: Response, text: string): Problem {
  const after = Number(headers.get('retry-after'));
  const wait = after > 0 ? { retry_after_s: after } : {};
  try {
    return { ...wait, ...(JSON.parse(text) as Problem), status };
  } catch {
    return { ...wait, code: status >= 500 ? 'service_unavailable' : 'bad_request', status };
  }
}
