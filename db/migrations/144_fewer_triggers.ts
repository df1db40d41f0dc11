import type { Knex } from 'knex';

/**
 * Narrows triggers of runs and conversations. Postgres builds a trigger's WHEN anew for each statement that fires it, which
 * cost a twentieth of PostgreSQL's CPU of a message: most updates set no column that these triggers are about. The function
 * compares what the WHEN compared (db/functions/analytics_changes.sql).
 */
const RUN_COLUMNS = [
  'status',
  'completed_at',
  'created_at',
  'started_at',
  'assistant_id',
  'language',
  'model',
  'sources',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'first_token_ms',
];
const CONVERSATION_COLUMNS = ['created_at', 'language', 'channel', 'assistant_id'];

/** As in 060_analytics. */
const LATE = `clock_timestamp() - interval '2 minutes'`;
const QUIET = `clock_timestamp() - interval '50 minutes'`;
const OVER = `least(OLD.completed_at, NEW.completed_at) < ${LATE}`;
const [RUN, CONVERSATION, BUDGET] = [
  'analytics_run_changed',
  'analytics_conversation_changed',
  'budget_settle',
];
const WENT_ON = `OLD.last_message_at < ${QUIET} AND OLD.last_message_at <> NEW.last_message_at`;
const SETTLED = 'NEW.reserved IS NOT NULL AND NEW.completed_at IS NOT NULL AND OLD.completed_at IS NULL';

/** Each trigger by itself: a transaction that held one table and waited for the other would meet messages on their way. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const went = trigger(
    'analytics_conversation_went_on',
    'OF last_message_at ON conversations',
    WENT_ON,
    CONVERSATION,
  );
  const moved = `OF ${CONVERSATION_COLUMNS.join(', ')} ON conversations`;
  await knex.raw(trigger('analytics_run_moved', `OF ${RUN_COLUMNS.join(', ')} ON runs`, OVER, RUN));
  await knex.raw(trigger('budget_settle', 'OF completed_at ON runs', SETTLED, BUDGET));
  await knex.raw(went);
  await knex.raw(trigger('analytics_conversation_moved', moved, differs(CONVERSATION_COLUMNS), CONVERSATION));
}

export async function down(knex: Knex): Promise<void> {
  const moved = `${WENT_ON} OR ${differs(CONVERSATION_COLUMNS)}`;
  await knex.raw(trigger('analytics_run_moved', 'ON runs', `${OVER} AND (${differs(RUN_COLUMNS)})`, RUN));
  await knex.raw(trigger('budget_settle', 'ON runs', SETTLED, BUDGET));
  await knex.raw(trigger('analytics_conversation_moved', 'ON conversations', moved, CONVERSATION));
  await knex.raw('DROP TRIGGER IF EXISTS analytics_conversation_went_on ON conversations');
}

function trigger(name: string, on: string, when: string, run: string): string {
  return `CREATE OR REPLACE TRIGGER ${name} AFTER UPDATE ${on} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ${run}()`;
}

function differs(columns: string[]): string {
  return columns.map((column) => `OLD.${column} IS DISTINCT FROM NEW.${column}`).join(' OR ');
}
