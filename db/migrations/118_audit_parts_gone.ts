import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Notes in the audit log which parts are gone already: from now on, a part that is gone and that no entry names was removed by
 * somebody (db/functions/audit.sql). A large log takes a while, so beside the traffic. Twice notes nothing twice.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
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
