import type { Knex } from 'knex';

/**
 * Adds erasures, the ledger of accounts that are erased. `users.pseudonym` is a random name: the ledger keeps it, so that an
 * account that comes back with a backup is found without its id. The audit log lets personal parts go (db/functions/erasure.sql).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE users ADD COLUMN pseudonym uuid NOT NULL DEFAULT gen_random_uuid();
    CREATE UNIQUE INDEX users_pseudonym_key ON users (pseudonym);

    CREATE TABLE erasures (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      receipt text NOT NULL UNIQUE CHECK (length(receipt) <= 64),
      pseudonym uuid NOT NULL,
      -- NULL once nothing of the account is left.
      user_id bigint,
      status text NOT NULL DEFAULT 'erasing' CHECK (status IN ('erasing', 'erased')),
      -- An administrator's; NULL: the owner asked.
      reason text CHECK (length(reason) <= 500),
      requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      completed_at timestamptz,
      -- Rows by table, so far.
      erased jsonb NOT NULL DEFAULT '{}',
      kept jsonb NOT NULL DEFAULT '[]',
      -- Delivered runs whose rows are gone, and whose logs and jobs in Redis are not: 'id-generation'.
      deliveries text[] NOT NULL DEFAULT '{}',
      key_id bigint,
      signature text,
      CHECK ((status = 'erased') = (completed_at IS NOT NULL) AND (status = 'erased') = (signature IS NOT NULL))
    );
    CREATE INDEX erasures_owed ON erasures (requested_at) WHERE status = 'erasing';
    CREATE INDEX erasures_by_user ON erasures (user_id) WHERE user_id IS NOT NULL;

    -- Ed25519 keys that sign receipts; the newest signs. sealed: the private key (shared/base/secretBox.ts).
    CREATE TABLE receipt_keys (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_key text NOT NULL,
      sealed text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );

    ALTER TABLE audit_log ADD COLUMN redacted boolean NOT NULL DEFAULT false;
    -- Allows two changes: an entry gets its place in the chain, once; and an erasure blanks who it was about.
    CREATE OR REPLACE FUNCTION audit_chain_once() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      v_personal text[] := '{actor_id,subject_id,target_id,ip,request_id,details,redacted}';
    BEGIN
      IF OLD.chain_seq IS NULL AND NEW.chain_seq IS NOT NULL
        AND to_jsonb(NEW) - '{chain_seq,prev_hash,hash}'::text[] = to_jsonb(OLD) - '{chain_seq,prev_hash,hash}'::text[] THEN
        RETURN NEW;
      END IF;
      IF current_setting('parley.erasing', true) = 'on' AND NEW.redacted
        AND to_jsonb(NEW) - v_personal = to_jsonb(OLD) - v_personal THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
  `);
}

/** Drops the ledger. Redacted entries of the audit log no longer verify. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION audit_chain_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.chain_seq IS NULL AND NEW.chain_seq IS NOT NULL
        AND to_jsonb(NEW) - '{chain_seq,prev_hash,hash}'::text[] = to_jsonb(OLD) - '{chain_seq,prev_hash,hash}'::text[] THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    ALTER TABLE audit_log DROP COLUMN redacted;
    DROP TABLE erasures, receipt_keys;
    ALTER TABLE users DROP COLUMN pseudonym;
  `);
}
