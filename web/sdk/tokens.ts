import { type Options, Refused, request } from './http.ts';
import { COOKIE } from './keptSignIn.ts';
import type { SignIn } from './types.ts';

/**
 * Where the refresh token lies. `cookie`: in one that scripts cannot read, for pages of Parley's own site. `frame`: in a cookie
 * that the browser keeps for each site that shows the frame; where it keeps none, the store has the token. `store`: for programs.
 */
export type Keep = 'cookie' | 'frame' | 'store';
type Server = { base: string; keep: Keep };

/** Signs in by any of `/auth/…`. @param token of a guest, who becomes the account @throws Refused, Unreachable */
export function signIn(server: Server, path: string, body: object, token?: string): Promise<SignIn> {
  return request(server.base, 'POST', path, { body, headers: headersOf(server), ...(token && { token }) });
}

/**
 * Spends the refresh token for new tokens.
 * @param mark what the store has: the token, or a word that a cookie holds it
 * @throws Refused, Unreachable
 */
export async function renew(server: Server, mark: string | null): Promise<SignIn> {
  const renewed =
    (await renewByCookie(server, mark)) ??
    (mark !== null && mark !== COOKIE ? await post(server, { refresh_token: mark }) : undefined);
  if (renewed === undefined) throw nobody();
  return renewed;
}

/** Ends the sign-in of an access token at the server. @throws Refused, Unreachable */
export function tellLeft(
  server: Server,
  token: string,
  everywhere: boolean,
  how: Options = { headers: headersOf(server) },
): Promise<void> {
  return request(server.base, 'POST', '/auth/logout', {
    body: everywhere ? { everywhere } : {},
    token,
    ...how,
  });
}

/** Makes the refusal of a request for which nobody is signed in. */
export function nobody(): Refused {
  return new Refused({ code: 'unauthenticated', status: 401 });
}

/** Says whether the server knows the sign-in no more. */
export function isRefusal(err: unknown): boolean {
  return err instanceof Refused && [400, 401, 403].includes(err.problem.status);
}

/** Returns undefined where no cookie serves: for a frame that has none yet, and at a server that knows none for frames. */
async function renewByCookie(server: Server, mark: string | null): Promise<SignIn | undefined> {
  const { keep } = server;
  if (keep === 'store' || (keep === 'cookie' && mark === null)) return undefined;
  try {
    return await post(server, {});
  } catch (err) {
    if (keep === 'frame' && mark !== COOKIE && isRefusal(err)) return undefined;
    throw err;
  }
}

function post(server: Server, body: { refresh_token?: string }): Promise<SignIn | undefined> {
  return request(server.base, 'POST', '/auth/refresh', { body, headers: headersOf(server) });
}

function headersOf({ keep }: Server): Record<string, string> {
  return keep === 'store' ? {} : { 'x-session': keep };
}
