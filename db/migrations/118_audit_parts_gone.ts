import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Notes in the audit log which parts are gone already: from now on, a part that is gone and that no entry names was removed by
 * somebody (db/functions/audit.sql). A large log takes a while, so beside the traffic. A second run notes nothing again. First
 * of all, erasures begin to name what they remove: those of the release before would remove parts after the note.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await knex.raw(NAMES_PARTS);
  // Waits for the erasures that run without naming parts.
  await knex.transaction((trx) => trx.raw('LOCK TABLE audit_parts IN SHARE MODE'));
  await patiently(knex, [
    `INSERT INTO audit_log (actor_role, action, target_type, details)
     SELECT NULL, 'audit.parts_erased', 'audit', jsonb_build_object('parts', jsonb_agg(part), 'by', 'upgrade')
     FROM (SELECT part, (row_number() OVER () - 1) / 1000 AS chunk FROM (
         SELECT part FROM audit_log e CROSS JOIN LATERAL unnest(e.parts) AS part
         WHERE NOT EXISTS (SELECT FROM audit_parts p WHERE p.id = part)
         EXCEPT SELECT CAST(jsonb_array_elements_text(details -> 'parts') AS uuid) FROM audit_log
         WHERE action = 'audit.parts_erased') AS gone) AS chunks
     GROUP BY chunk`,
  ]);
}

export async function down(): Promise<void> {}

/** As db/functions/erasure.sql had it with this migration. */
const NAMES_PARTS = `
CREATE OR REPLACE FUNCTION redact_audit_of(p_user bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_count integer;
  v_more integer;
  v_parts integer;
  v_gone uuid[];
BEGIN
  PERFORM set_config('parley.erasing', 'on', true);
  UPDATE audit_log SET redacted = true, details = '{}', request_id = NULL,
    ip = CASE WHEN actor_id = p_user OR actor_id IS NULL THEN NULL ELSE ip END,
    actor_id = nullif(actor_id, p_user), subject_id = nullif(subject_id, p_user),
    target_id = CASE WHEN target_type = 'user' AND target_id = p_user THEN NULL ELSE target_id END
  WHERE actor_id = p_user OR subject_id = p_user;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  UPDATE audit_log SET redacted = true, details = jsonb_set(details, '{ids}',
    (SELECT coalesce(jsonb_agg(one), '[]') FROM jsonb_array_elements(details -> 'ids') AS one WHERE one <> to_jsonb(p_user)))
  WHERE action = 'user.listed' AND details -> 'ids' @> to_jsonb(p_user);
  GET DIAGNOSTICS v_more = ROW_COUNT;
  WITH gone AS (DELETE FROM audit_parts WHERE person_id = p_user RETURNING id, entry_id)
  SELECT count(DISTINCT entry_id), array_agg(id ORDER BY id) INTO v_parts, v_gone FROM gone;
  -- The chain says which parts an erasure removed: of any other that is gone, verification says so.
  FOR i IN 0 .. (coalesce(cardinality(v_gone), 0) - 1) / 1000 LOOP
    EXIT WHEN v_gone IS NULL;
    PERFORM add_audit_entry(NULL, NULL, 'audit.parts_erased', 'audit', NULL, NULL, NULL, NULL,
      jsonb_build_object('parts', to_jsonb(v_gone[i * 1000 + 1 : (i + 1) * 1000])));
  END LOOP;
  PERFORM set_config('parley.erasing', 'off', true);
  RETURN v_count + v_more + v_parts;
END $$`;
