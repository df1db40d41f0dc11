import type { Knex } from 'knex';

/**
 * Adds the history of consents. A trigger writes it, so that no way to change an account misses it. A version names the texts
 * that were in force (shared/privacy/consents); a new text is a new file and a new `consent_version()`. Accounts from before
 * begin with what they said then.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE consents (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      kind text NOT NULL CHECK (kind IN ('gdpr', 'data_processing', 'marketing')),
      given boolean NOT NULL,
      -- NULL: from before versions were kept.
      version text,
      at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX consents_by_user ON consents (user_id, id);
    INSERT INTO consents (user_id, kind, given, at)
    SELECT id, kind, true, created_at FROM users, LATERAL (VALUES ('gdpr', gdpr_consent),
      ('data_processing', data_processing_consent), ('marketing', marketing_consent)) AS said (kind, given)
    WHERE said.given;

    CREATE FUNCTION consent_version() RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT '2026-11'::text; END;
    CREATE FUNCTION note_consents() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
      INSERT INTO consents (user_id, kind, given, version)
      SELECT NEW.id, now_said.kind, now_said.given, consent_version()
      FROM (VALUES ('gdpr', NEW.gdpr_consent, TG_OP = 'UPDATE' AND OLD.gdpr_consent),
        ('data_processing', NEW.data_processing_consent, TG_OP = 'UPDATE' AND OLD.data_processing_consent),
        ('marketing', NEW.marketing_consent, TG_OP = 'UPDATE' AND OLD.marketing_consent)) AS now_said (kind, given, before)
      WHERE now_said.given IS DISTINCT FROM now_said.before;
      RETURN NULL;
    END $$;
    CREATE TRIGGER users_consents AFTER INSERT OR UPDATE OF gdpr_consent, data_processing_consent, marketing_consent ON users
      FOR EACH ROW EXECUTE FUNCTION note_consents();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER users_consents ON users;
    DROP FUNCTION note_consents, consent_version;
    DROP TABLE consents;
  `);
}
