import { Refused } from '../../sdk/http.ts';

/** Returns the token of a sign-in that also wants a code. */
export function secondFactorOf(err: unknown): string | undefined {
  if (!(err instanceof Refused) || err.code !== 'second_factor_required') return undefined;
  return (err.problem as { second_factor_token?: string }).second_factor_token;
}
