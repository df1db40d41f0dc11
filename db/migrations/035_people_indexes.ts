import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Finds what waits for people, what a person wrote, and each agent's conversations; then holds old rows against the checks and
 * keys of 034. Outside a transaction and beside what there is, since the tables may be large. What a broken try left behind is
 * removed first.
 */
export const config = { transaction: false };

const OPEN = `WHERE status IN ('waiting', 'agent') AND deleted_at IS NULL`;
const INDEXES = {
  conversations_inbox: `conversations (coalesce(waiting_since, 'infinity'::timestamptz), id) ${OPEN}`,
  conversations_resolved: `conversations (id) WHERE status = 'resolved' AND deleted_at IS NULL`,
  conversations_by_agent: 'conversations (agent_id) WHERE agent_id IS NOT NULL',
  messages_by_agent: 'messages (agent_id) WHERE agent_id IS NOT NULL',
};

const CONSTRAINTS = [
  ['conversations', 'conversations_status_check'],
  ['conversations', 'conversations_handoff_check'],
  ['conversations', 'conversations_agent_fkey'],
  ['messages', 'messages_message_type_check'],
  ['messages', 'messages_agent_fkey'],
];

export async function up(knex: Knex): Promise<void> {
  const indexes = Object.entries(INDEXES).flatMap(([name, on]) => [
    `DROP INDEX CONCURRENTLY IF EXISTS ${name}`,
    `CREATE INDEX CONCURRENTLY ${name} ON ${on}`,
  ]);
  const checks = CONSTRAINTS.map(([table, name]) => `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`);
  await patiently(knex, [...indexes, ...checks]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [`DROP INDEX IF EXISTS ${Object.keys(INDEXES).join(', ')}`]);
}
