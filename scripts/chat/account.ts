import { readFile } from 'node:fs/promises';

/** What `npm start` wrote down. */
export type Runtime = { url?: string; seed_password?: string };

/** Reads what `npm start` wrote down; empty when it does not run here. */
export async function readRuntime(): Promise<Runtime> {
  try {
    return JSON.parse(
      await readFile(new URL('../../.data/runtime.json', import.meta.url), 'utf8'),
    ) as Runtime;
  } catch {
    return {};
  }
}

/** Returns the address of the API: PARLEY_URL, that of `npm start`, or port 8000 here. @throws when PARLEY_URL is not a URL */
export function addressOf(runtime: Runtime): string {
  const url = (process.env.PARLEY_URL || runtime.url || 'http://127.0.0.1:8000').replace(/\/+$/, '');
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Error('PARLEY_URL must be a URL that begins with http:// or https://');
  return url;
}

/** Returns the password of a demo account. @throws when there is none */
export function passwordOf(given: string | undefined, runtime: Runtime): string {
  const password = given ?? (process.env.SEED_PASSWORD || runtime.seed_password);
  if (!password) throw new Error('the password is missing: set --password or SEED_PASSWORD');
  return password;
}

/** Signs in. Returns the access token. @throws when the API is not reached, or refuses */
export async function login(url: string, email: string, password: string): Promise<string> {
  const res = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(10_000),
  }).catch(() => {
    throw new Error(`cannot reach Parley at ${url}: start it with npm start, or set PARLEY_URL`);
  });
  const body = (await res.json().catch(() => ({}))) as {
    access_token?: string;
    code?: string;
    detail?: string;
  };
  if (body.access_token) return body.access_token;
  if (res.status === 401) throw new Error(`${url} rejected the password of ${email}`);
  throw new Error(
    `${url} refused the sign-in: ${res.status} ${body.code ?? ''} ${body.detail ?? ''}`.trimEnd(),
  );
}
