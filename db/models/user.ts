import { type Knex } from 'knex';
import { Model, raw, UniqueViolationError } from 'objection';
import { problem } from '../../shared/base/errors.ts';
import { row } from '../sql.ts';
import type { Role } from './role.ts';
import { type Tables, use } from '../personalData.ts';

/**
 * A person's account. E-mail and username are unique regardless of case. A guest has neither, nor a password; `external_id`
 * identifies a vouched account.
 */
export class User extends Model {
  static override tableName = 'users';

  declare id: number;
  declare email: string | null;
  declare username: string | null;
  declare hashed_password: string | null;
  /** The site's own id for somebody it vouches for. */
  declare external_id: string | null;
  /** What the site's page said. Nobody verified it: it signs nobody in. */
  declare contact_email: string | null;
  declare first_name: string | null;
  declare last_name: string | null;
  declare role: Role;
  declare status: 'active' | 'suspended' | 'deleted';
  declare avatar_url: string | null;
  declare language: string;
  declare timezone: string;
  declare gdpr_consent: boolean;
  declare data_processing_consent: boolean;
  declare marketing_consent: boolean;
  declare created_at: Date;
  declare updated_at: Date;
  declare last_login: Date | null;
  /** When somebody showed that they read the mail of `email`. */
  declare email_verified_at: Date | null;
  /** When a mail server said for good that it takes no mail for `email`. */
  declare email_refused_at: Date | null;
  /** Whether a sign-in needs a code besides the password. */
  declare second_factor: boolean;

  /** Adds an account. @throws Problem `already_exists`, which names the field */
  static async register(fields: NewUser, trx: Knex): Promise<User> {
    return User.query(trx)
      .insert(fields)
      .returning('*')
      .catch((err) => refuseTaken(err));
  }

  /**
   * Finds a user by e-mail address or username; undefined when neither matches. Both are ASCII: a character that
   * only folds to an ASCII letter (the Kelvin sign, a dotless i) makes another name.
   */
  static async findByLogin(login: string): Promise<User | undefined> {
    const name = foldCase(login);
    return User.query()
      .whereRaw('lower(email COLLATE "C") = :name OR lower(username COLLATE "C") = :name', { name })
      .first();
  }

  /**
   * Records a sign-in, unless its second factor is to come, and the new password hash, and locks the row until the transaction
   * ends. Returns undefined when the account was suspended or its hash changed since `user` was read: then the caller begins no
   * session.
   */
  static async signIn(user: User, hashed_password: string, trx: Knex): Promise<User | undefined> {
    return User.query(trx)
      .patch({
        last_login: raw('CASE WHEN second_factor THEN last_login ELSE ?::timestamptz END', [new Date()]),
        hashed_password,
      })
      .where({ id: user.id, status: 'active', hashed_password: user.hashed_password })
      .returning('*')
      .first();
  }

  /**
   * Sets the address that somebody has shown to be theirs.
   * @returns the account, and its address before; undefined when the account is not active
   * @throws Problem `already_exists` when another account has the address
   */
  static async confirmEmail(
    id: number,
    email: string,
    trx: Knex,
  ): Promise<{ user: User; before: string | null } | undefined> {
    const old = await User.query(trx).findById(id).where({ status: 'active' }).forNoKeyUpdate();
    if (old === undefined) return undefined;
    const now = new Date();
    const moved = old.email === email ? {} : { email, email_refused_at: null, updated_at: now };
    const user = await User.query(trx)
      .patch({ ...moved, email_verified_at: now })
      .where({ id })
      .returning('*')
      .first()
      .catch((err) => refuseTaken(err));
    return user && { user, before: old.email };
  }

  /** Returns the signed-in user's account. @throws Problem `unauthenticated` when the account is gone */
  static async own(id: number): Promise<User> {
    const user = await User.query().findById(id);
    if (user === undefined) throw problem('unauthenticated');
    return user;
  }

  /**
   * Cancels the runs of a user whose texts may not be processed any more. The caller's transaction has changed
   * the user's row.
   * @returns the ended runs, which the caller announces; the workers end the running ones
   */
  static async cancelRuns(id: number, trx: Knex): Promise<number[]> {
    const cancelled = await row<{ ended: number[] }>('SELECT cancel_runs_of_user(:id) AS ended', { id }, trx);
    return cancelled?.ended ?? [];
  }

  /**
   * Changes the fields that differ, and locks the row until the transaction ends.
   * @returns the account, and the names of the changed fields
   * @throws Problem `already_exists`; `forbidden` for the username of an account without a password; `not_found` when the
   * account is gone
   */
  static async change(id: number, fields: Partial<NewUser>, trx: Knex): Promise<Changed> {
    const before = await User.query(trx).findById(id).forNoKeyUpdate();
    if (before === undefined) throw problem('not_found');
    // Nobody signs in by it, and it would be taken from those who do.
    if (before.hashed_password === null && fields.username !== undefined)
      throw problem('forbidden', 'An account without a password has no username');
    const names = (Object.keys(fields) as (keyof NewUser)[]).filter((name) => fields[name] !== before[name]);
    if (names.length === 0) return { user: before, names };
    const patch = Object.fromEntries(names.map((name) => [name, fields[name]]));
    const user = await User.query(trx)
      .patch({ ...patch, updated_at: new Date() })
      .where({ id })
      .returning('*')
      .first()
      .catch((err) => refuseTaken(err));
    if (user === undefined) throw problem('not_found');
    return { user, names };
  }
}

/** Returns the language of an account; undefined when it is gone. */
export async function languageOfUser(id: number): Promise<string | undefined> {
  return (await row<{ language: string }>('SELECT language FROM users WHERE id = :id', { id }))?.language;
}

type Changed = { user: User; names: string[] };

/** Converts A–Z to lower case and nothing else, as the unique indexes do. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export type NewUser = {
  email: string;
  username: string;
  hashed_password: string;
  gdpr_consent: boolean;
} & Partial<
  Pick<
    User,
    | 'first_name'
    | 'last_name'
    | 'avatar_url'
    | 'language'
    | 'timezone'
    | 'data_processing_consent'
    | 'marketing_consent'
  >
>;

/** Throws `already_exists` that names the field for a violated unique index, else the error itself. */
export function refuseTaken(err: unknown): never {
  if (!(err instanceof UniqueViolationError)) throw err;
  const field = err.constraint === 'users_email_key' ? 'email' : 'username';
  throw problem('already_exists', `This ${field} is taken`, {
    errors: [{ path: `/${field}`, message: 'must be unique: it is taken' }],
  });
}

export const tables: Tables = {
  users: {
    purpose: 'accounts',
    kept: 'until erasure; guests RETENTION_GUESTS_DAYS after they were last seen',
    bound: use('erasure; guests: RETENTION_GUESTS_DAYS and GUESTS_MAX'),
    erased: 'cascade',
    exported: 'account.json',
    columns: {
      link: 'id external_id',
      identity: 'email username first_name last_name avatar_url contact_email',
      secret: 'hashed_password pseudonym',
      behaviour:
        'language timezone gdpr_consent data_processing_consent marketing_consent created_at updated_at last_login email_verified_at email_refused_at second_factor',
      technical: 'role status',
    },
  },
};
