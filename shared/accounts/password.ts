import * as argon2 from '@node-rs/argon2';
import * as bcrypt from '@node-rs/bcrypt';
import { normalForm } from './newPassword.ts';
import { whenFree } from './whenFree.ts';

/**
 * argon2id, 46 MiB, three passes, one lane: 63–80 ms of a core where two cores serve everything. OWASP's least (19 MiB,
 * two passes) took 20 there. Whoever changes it makes a new DUMMY; db/seeds hashes at the same cost.
 */
const COST = { memoryCost: 47_104, timeCost: 3, parallelism: 1 };
const AT_THIS_COST = '$argon2id$v=19$m=47104,t=3,p=1$';

/** Hashes a password for storing. Throws `service_unavailable` where too many wait. */
export function hashPassword(password: string): Promise<string> {
  return whenFree(() => argon2.hash(normalForm(password), COST));
}

/**
 * Whether a password fits a hash. Without one that can be read (no such account) it takes as long and says no.
 * Throws `service_unavailable` where too many wait.
 */
export async function passwordFits(password: string, hash: string | undefined): Promise<boolean> {
  return whenFree(async () => {
    if (hash !== undefined && BCRYPT.test(hash)) return bcrypt.verify(password, hash);
    const known = hash !== undefined && ARGON2.test(hash) ? hash : undefined;
    const fits = await argon2.verify(known ?? DUMMY, normalForm(password));
    return fits && known !== undefined;
  });
}

/** Whether a hash is of another kind or cost than new ones are: at the next sign-in it is replaced. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(AT_THIS_COST);
}

/**
 * Of an older system. bcrypt never saw more than 72 bytes: until the first sign-in here every password that begins
 * with the same ones fits. That sign-in hashes all of what was given, and from then on only that fits. What it was
 * made of was not normalised, so neither is what it is compared with.
 */
const BCRYPT = /^\$2[aby]\$/;

const ARGON2 = /^\$argon2(id|i|d)\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** A hash of nothing anybody knows, at the cost above. */
const DUMMY =
  '$argon2id$v=19$m=47104,t=3,p=1$4xUGfJUzmDFsSmkUrB+tsg$lZUrP8LVCzBOUIP3grazcBkYKOWP1lO1l3q4ISiWZeE';
