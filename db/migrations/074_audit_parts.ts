import type { Knex } from 'knex';

/**
 * Puts the personal parts of audit entries beside the chain: who acted, on whom, from where. An entry covers each part by a
 * salted hash, so it verifies while the part is there and when it is gone, and the hash alone tells nothing. Entries from
 * before keep their form. `audit_anchors` lets a chain begin later than at its first entry (db/functions/audit.sql).
 * `faqs.from_message_id`: the message whose text a draft's question is, until an editor changes it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_parts (
      -- Random, so that what the chain keeps of a part that is gone names nobody.
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      entry_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('actor', 'subject', 'named')),
      -- No foreign key: an erasure removes the part, and an account that an operator deleted leaves a number.
      person_id bigint,
      ip text,
      request_id text,
      target_id bigint,
      details jsonb,
      -- Of a person that the details name: under which name.
      field text,
      salt uuid NOT NULL DEFAULT gen_random_uuid(),
      at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX audit_parts_by_entry ON audit_parts (entry_id);
    CREATE INDEX audit_parts_by_person ON audit_parts (person_id, entry_id);
    CREATE INDEX audit_parts_uncut ON audit_parts (at) WHERE ip NOT LIKE '%/%';

    ALTER TABLE audit_log ADD COLUMN parts uuid[] NOT NULL DEFAULT '{}';
    ALTER TABLE audit_log ADD COLUMN part_hashes bytea[] NOT NULL DEFAULT '{}';

    -- The place up to which entries were deleted because of their age, with that entry's hash. Signed (shared/privacy/anchors.ts).
    CREATE TABLE audit_anchors (
      chain_seq bigint PRIMARY KEY,
      hash bytea NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      key_id bigint NOT NULL,
      signature text NOT NULL
    );

    -- Allows what an erasure and what the retention do; both say so for their transaction.
    CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND current_setting('parley.retaining', true) = 'on' THEN
        RETURN NULL;
      END IF;
      IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_parts' AND current_setting('parley.erasing', true) = 'on' THEN
        RETURN NULL;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    -- A part changes in one way: its address becomes a network. The hash covers the network alone.
    CREATE FUNCTION audit_part_cut() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.ip LIKE '%/%' AND to_jsonb(NEW) - 'ip' = to_jsonb(OLD) - 'ip' THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER audit_parts_kept BEFORE DELETE OR TRUNCATE ON audit_parts
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
    CREATE TRIGGER audit_parts_unchanged BEFORE UPDATE ON audit_parts
      FOR EACH ROW EXECUTE FUNCTION audit_part_cut();
    CREATE TRIGGER audit_anchors_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_anchors
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

    -- Entries with the parts that are there.
    CREATE VIEW audit_entries AS
    SELECT e.id, e.at, coalesce(e.actor_id, p.actor_id) AS actor_id, e.actor_role, e.action, e.target_type,
      coalesce(e.target_id, p.target_id) AS target_id, coalesce(e.subject_id, p.subject_id) AS subject_id,
      coalesce(e.ip, p.ip) AS ip, coalesce(e.request_id, p.request_id) AS request_id,
      e.details || coalesce(p.details, '{}') || coalesce(p.named, '{}')
        || CASE WHEN p.ids IS NULL THEN '{}' ELSE jsonb_build_object('ids', p.ids) END AS details,
      e.chain_seq, e.prev_hash, e.hash, e.redacted
    FROM audit_log e LEFT JOIN LATERAL (
      SELECT max(person_id) FILTER (WHERE kind = 'actor') AS actor_id, max(person_id) FILTER (WHERE kind = 'subject') AS subject_id,
        max(part.target_id) AS target_id, max(part.ip) AS ip, max(part.request_id) AS request_id,
        (jsonb_agg(part.details) FILTER (WHERE kind = 'subject')) -> 0 AS details,
        jsonb_object_agg(field, person_id) FILTER (WHERE kind = 'named' AND field <> 'ids') AS named,
        jsonb_agg(person_id ORDER BY array_position(e.parts, part.id)) FILTER (WHERE field = 'ids') AS ids
      FROM audit_parts part WHERE part.entry_id = e.id AND part.id = ANY (e.parts)) AS p ON true;

    ALTER TABLE faqs ADD COLUMN from_message_id bigint;
    CREATE INDEX faqs_from_message ON faqs (from_message_id) WHERE from_message_id IS NOT NULL;
    CREATE FUNCTION faq_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.from_message_id := NULL;
      RETURN NEW;
    END $$;
    CREATE TRIGGER faq_question_reworded BEFORE UPDATE OF question ON faqs FOR EACH ROW
      WHEN (OLD.from_message_id IS NOT NULL AND OLD.question <> NEW.question) EXECUTE FUNCTION faq_reworded();
  `);
}

/** Drops the parts. Entries with parts no longer verify. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER faq_question_reworded ON faqs;
    DROP FUNCTION faq_reworded;
    ALTER TABLE faqs DROP COLUMN from_message_id;
    DROP VIEW audit_entries;
    DROP FUNCTION IF EXISTS audit_part_hash;
    DROP TABLE audit_anchors, audit_parts;
    DROP FUNCTION audit_part_cut;
    ALTER TABLE audit_log DROP COLUMN parts, DROP COLUMN part_hashes;
    CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
  `);
}
