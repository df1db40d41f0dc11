import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/base/env.ts';
import { presentUser } from '../contract/account.ts';
import type { SignInAnswer } from './contract.ts';
import type { Grant } from '../../shared/accounts/signin.ts';

/** Presents what registration, sign-in and refresh answer. `expires_in` is the access token's life in seconds. */
export function presentSignIn(
  user: User,
  { access, refresh }: Grant,
): SignInAnswer & { refresh_token: string } {
  return {
    user: presentUser(user),
    access_token: access,
    refresh_token: refresh,
    token_type: 'Bearer',
    expires_in: env.ACCESS_TOKEN_TTL_S,
  };
}
