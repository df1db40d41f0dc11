import type { Knex } from 'knex';
import { User } from './user.ts';

/** A site's fields of a user it vouches for. Missing fields stay unchanged. */
export type Vouched = {
  external_id: string;
  contact_email: string | null;
  first_name: string | null;
  language: string | null;
  gdpr_consent: boolean | null;
  data_processing_consent: boolean | null;
};

/**
 * Finds or creates the account of an external id. Stores the site's fields and locks the row until the transaction ends.
 * Concurrent requests create one account. The site's consents count only at the creation: later the user decides.
 * @returns null when the account is not active
 */
export async function signInVouched(
  who: Vouched,
  trx: Knex,
): Promise<{ user: User; created: boolean } | null> {
  const { rows } = await trx.raw<{ rows: { id: number; created: boolean }[] }>(
    `INSERT INTO users AS u (external_id, contact_email, first_name, language, gdpr_consent, data_processing_consent, last_login)
     VALUES (:external_id, :contact_email, :first_name, coalesce(:language, 'en'), coalesce(:gdpr_consent, false),
       coalesce(:data_processing_consent, false), now())
     ON CONFLICT (external_id) WHERE external_id IS NOT NULL DO UPDATE SET last_login = now(),
       contact_email = coalesce(excluded.contact_email, u.contact_email),
       first_name = coalesce(excluded.first_name, u.first_name), language = coalesce(:language, u.language)
     WHERE u.status = 'active' RETURNING id, xmax = 0 AS created`,
    who,
  );
  const [row] = rows;
  const user = row && (await User.query(trx).findById(row.id));
  return user === undefined ? null : { user, created: row?.created === true };
}
