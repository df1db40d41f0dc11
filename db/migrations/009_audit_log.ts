import type { Knex } from 'knex';

/**
 * Adds the audit log. Its ids have no foreign keys: a user's erasure leaves entries with a number. The database refuses
 * to change or remove an entry. The chain (`db/functions/audit.sql`) reveals changes by somebody who switched that off.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_log (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      actor_id bigint,
      actor_role text,
      action text NOT NULL,
      target_type text NOT NULL,
      target_id bigint,
      subject_id bigint,
      ip text,
      request_id text,
      details jsonb NOT NULL DEFAULT '{}',
      -- Ids are drawn before the commit and leave gaps; the place in the chain is given after, and leaves none.
      chain_seq bigint UNIQUE,
      prev_hash bytea,
      hash bytea,
      CHECK ((chain_seq IS NULL) = (hash IS NULL) AND (chain_seq IS NULL) = (prev_hash IS NULL))
    );
    CREATE INDEX audit_log_unchained ON audit_log (id) WHERE chain_seq IS NULL;
    CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
    CREATE INDEX audit_log_by_subject ON audit_log (subject_id, id);
    CREATE INDEX audit_log_by_action ON audit_log (action, id);
    CREATE INDEX audit_log_by_time ON audit_log (at, id);

    -- The end of the chain after each pass; reveals that the end was cut off.
    CREATE TABLE audit_heads (
      chain_seq bigint PRIMARY KEY,
      hash bytea NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp()
    );

    CREATE INDEX users_email_prefix ON users (lower(email) text_pattern_ops);
    CREATE INDEX users_username_prefix ON users (lower(username) text_pattern_ops);

    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    -- Allows one change: an entry gets its place in the chain, once.
    CREATE FUNCTION audit_chain_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.chain_seq IS NULL AND NEW.chain_seq IS NOT NULL
        AND to_jsonb(NEW) - '{chain_seq,prev_hash,hash}'::text[] = to_jsonb(OLD) - '{chain_seq,prev_hash,hash}'::text[] THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER audit_log_kept BEFORE DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
    CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log
      FOR EACH ROW EXECUTE FUNCTION audit_chain_once();
    CREATE TRIGGER audit_heads_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_heads
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
  `);
}

/** Drops the log with its entries. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX users_email_prefix, users_username_prefix;
    DROP FUNCTION IF EXISTS check_audit_chain, chain_audit_log, audit_hash, audit_genesis;
    DROP TABLE audit_heads, audit_log;
    DROP FUNCTION audit_refuse, audit_chain_once;
  `);
}
