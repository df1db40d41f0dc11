import type { Knex } from 'knex';

/**
 * Adds the program by which a consent was given or withdrawn, as a family such as `Firefox on Linux`. The transaction says it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE consents ADD COLUMN client text CHECK (length(client) <= 64);
    CREATE OR REPLACE FUNCTION note_consents() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
      INSERT INTO consents (user_id, kind, given, version, client)
      SELECT NEW.id, now_said.kind, now_said.given, consent_version(), left(nullif(current_setting('parley.client', true), ''), 64)
      FROM (VALUES ('gdpr', NEW.gdpr_consent, TG_OP = 'UPDATE' AND OLD.gdpr_consent),
        ('data_processing', NEW.data_processing_consent, TG_OP = 'UPDATE' AND OLD.data_processing_consent),
        ('marketing', NEW.marketing_consent, TG_OP = 'UPDATE' AND OLD.marketing_consent)) AS now_said (kind, given, before)
      WHERE now_said.given IS DISTINCT FROM now_said.before;
      RETURN NULL;
    END $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION note_consents() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
      INSERT INTO consents (user_id, kind, given, version)
      SELECT NEW.id, now_said.kind, now_said.given, consent_version()
      FROM (VALUES ('gdpr', NEW.gdpr_consent, TG_OP = 'UPDATE' AND OLD.gdpr_consent),
        ('data_processing', NEW.data_processing_consent, TG_OP = 'UPDATE' AND OLD.data_processing_consent),
        ('marketing', NEW.marketing_consent, TG_OP = 'UPDATE' AND OLD.marketing_consent)) AS now_said (kind, given, before)
      WHERE now_said.given IS DISTINCT FROM now_said.before;
      RETURN NULL;
    END $$;
    ALTER TABLE consents DROP COLUMN client;
  `);
}
