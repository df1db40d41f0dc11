import { invalid } from '../base/errors.ts';
import { normalForm } from './newPassword.ts';
import { whenFree } from './whenFree.ts';

/**
 * argon2id, 46 MiB, three passes, one lane: 63–80 ms of a core on a machine with two cores. OWASP's minimum (19 MiB, two
 * passes) took 20 ms there. A change of this cost needs a new DUMMY and the same cost in db/seeds.
 */
const COST = { memoryCost: 47_104, timeCost: 3, parallelism: 1 };
const AT_THIS_COST = '$argon2id$v=19$m=47104,t=3,p=1$';

/** Hashes a password for storing. @throws Problem `service_unavailable` if too many calls wait */
export function hashPassword(password: string): Promise<string> {
  return whenFree(async () => {
    const argon2 = await import('@node-rs/argon2');
    return argon2.hash(normalForm(password), COST);
  });
}

/**
 * Says whether a password fits a hash. Without a readable hash (no such account) it takes as long and says no.
 * @throws Problem `service_unavailable` if too many calls wait
 */
export async function passwordFits(password: string, hash: string | undefined): Promise<boolean> {
  return whenFree(async () => {
    if (hash !== undefined && BCRYPT.test(hash)) {
      const bcrypt = await import('@node-rs/bcrypt');
      return bcrypt.verify(password, hash);
    }
    const known = hash !== undefined && ARGON2.test(hash) ? hash : undefined;
    const argon2 = await import('@node-rs/argon2');
    const fits = await argon2.verify(known ?? DUMMY, normalForm(password));
    return fits && known !== undefined;
  });
}

/** Makes the Problem of a present password that does not fit. @param path the JSON pointer to its field in the body */
export function wrongPassword(path = '/password') {
  return invalid(path, 'must be your present password');
}

/** Says whether a hash has another kind or cost than new hashes. The next sign-in replaces such a hash. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(AT_THIS_COST);
}

/**
 * A hash of an older system. bcrypt reads only 72 bytes, so before the first sign-in here every password with the same 72
 * fits. That sign-in hashes the whole password, and only that fits from then on. The older system did not normalise, so
 * neither does this comparison.
 */
const BCRYPT = /^\$2[aby]\$/;

const ARGON2 = /^\$argon2(id|i|d)\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** A hash of an unknown password, at the cost above. */
const DUMMY =
  '$argon2id$v=19$m=47104,t=3,p=1$4xUGfJUzmDFsSmkUrB+tsg$lZUrP8LVCzBOUIP3grazcBkYKOWP1lO1l3q4ISiWZeE';
