import type { Knex } from 'knex';

/**
 * Rollups of analytics, by quarter hours and days of UTC, and what they need (ARCHITECTURE.md, *Analytics*).
 *
 * `grain`: 'q' a quarter hour, 'd' a day, 'k' what deleted rows left (kept). Nothing here holds a text. `analytics_people.person`
 * is the user's id; once the user is erased, a random negative number.
 *
 * `analytics_changes`: a quarter hour whose rollup is not to be used any more, from `due_at` on to be counted again. The
 * triggers that write it fire for late changes only: their WHEN is all that a message costs.
 *
 * The functions of the triggers do nothing here: db/functions/analytics_changes.sql has their text.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables);
  for (const name of TRIGGER_FUNCTIONS)
    await knex.raw(
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END'`,
    );
  await knex.raw(triggers);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION ${TRIGGER_FUNCTIONS.join(', ')} CASCADE;
    DROP FUNCTION IF EXISTS analytics_sum_cells, analytics_sum_spread, analytics_sum_begun;
    DROP TABLE analytics_state, analytics_changes, analytics_cells, analytics_spread, analytics_people, analytics_begun,
      conversation_ratings;
    ALTER TABLE conversations DROP COLUMN channel, DROP COLUMN fate;
  `);
}

const TRIGGER_FUNCTIONS = [
  'analytics_message_changed',
  'analytics_run_changed',
  'analytics_conversation_changed',
  'analytics_feedback_changed',
  'analytics_rating_changed',
  'analytics_user_changed',
  'analytics_message_deleted',
  'analytics_run_deleted',
  'analytics_conversation_deleted',
  'analytics_feedback_deleted',
  'analytics_user_deleted',
];

const tables = `
ALTER TABLE conversations
  -- How the conversation began.
  ADD COLUMN channel text NOT NULL DEFAULT 'api',
  -- What became of it, noted before its first message was deleted.
  ADD COLUMN fate jsonb;

CREATE TABLE conversation_ratings (
  conversation_id bigint PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
  score smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
  comment text CHECK (length(comment) <= 1000),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Quarters before counted_to are counted. quiet_h: the RESOLVED_AFTER_H that 'begun' was counted with.
CREATE TABLE analytics_state (
  part text PRIMARY KEY CHECK (part IN ('moments', 'begun')),
  counted_to timestamptz NOT NULL,
  quiet_h integer NOT NULL
);
CREATE TABLE analytics_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  part text NOT NULL,
  start timestamptz NOT NULL,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX analytics_changes_start ON analytics_changes (part, start);
CREATE INDEX analytics_changes_due ON analytics_changes (part, due_at);

CREATE TABLE analytics_cells (
  grain "char" NOT NULL,
  start timestamptz NOT NULL,
  assistant_id bigint NOT NULL,
  language text NOT NULL,
  model text NOT NULL,
  channel text NOT NULL,
  outcome text NOT NULL,
  messages_in bigint NOT NULL DEFAULT 0,
  answers bigint NOT NULL DEFAULT 0,
  from_knowledge bigint NOT NULL DEFAULT 0,
  unanswered bigint NOT NULL DEFAULT 0,
  rated_up bigint NOT NULL DEFAULT 0,
  rated_down bigint NOT NULL DEFAULT 0,
  handoffs bigint NOT NULL DEFAULT 0,
  conversations bigint NOT NULL DEFAULT 0,
  prompt_tokens bigint NOT NULL DEFAULT 0,
  completion_tokens bigint NOT NULL DEFAULT 0,
  total_tokens bigint NOT NULL DEFAULT 0
);
CREATE INDEX analytics_cells_start ON analytics_cells (grain, start);

-- measure: first_token_ms, answer_ms, waited_ms (key: a step of the scale), faq (key: its id), users_new.
CREATE TABLE analytics_spread (
  grain "char" NOT NULL,
  start timestamptz NOT NULL,
  assistant_id bigint NOT NULL,
  measure text NOT NULL,
  key bigint NOT NULL,
  n bigint NOT NULL
);
CREATE INDEX analytics_spread_start ON analytics_spread (grain, start);

CREATE TABLE analytics_people (
  grain "char" NOT NULL,
  start timestamptz NOT NULL,
  assistant_id bigint NOT NULL,
  person bigint NOT NULL
);
CREATE INDEX analytics_people_start ON analytics_people (grain, start, assistant_id, person);
CREATE INDEX analytics_people_person ON analytics_people (person);

CREATE TABLE analytics_begun (
  grain "char" NOT NULL,
  start timestamptz NOT NULL,
  assistant_id bigint NOT NULL,
  language text NOT NULL,
  channel text NOT NULL,
  begun bigint NOT NULL,
  answered bigint NOT NULL,
  handed_off bigint NOT NULL,
  resolved_by_bot bigint NOT NULL,
  confirmed bigint NOT NULL,
  resolved_by_agent bigint NOT NULL,
  reopened bigint NOT NULL,
  pending bigint NOT NULL,
  scored bigint NOT NULL,
  score_sum bigint NOT NULL
);
CREATE INDEX analytics_begun_start ON analytics_begun (grain, start);
`;

/** Facts younger than this are not counted yet, so they change no rollup. */
const LATE = `clock_timestamp() - interval '2 minutes'`;
/** A conversation that continues within this time was not counted as quiet: RESOLVED_AFTER_H is an hour at least. */
const QUIET = `clock_timestamp() - interval '50 minutes'`;

const triggers = `
CREATE TRIGGER analytics_message_late AFTER INSERT ON messages FOR EACH ROW
  WHEN (NEW.created_at < ${LATE}) EXECUTE FUNCTION analytics_message_changed();
CREATE TRIGGER analytics_message_moved AFTER UPDATE OF created_at, message_type ON messages FOR EACH ROW
  WHEN ((OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.message_type IS DISTINCT FROM NEW.message_type))
  EXECUTE FUNCTION analytics_message_changed();

CREATE TRIGGER analytics_run_late AFTER INSERT ON runs FOR EACH ROW
  WHEN (NEW.completed_at < ${LATE}) EXECUTE FUNCTION analytics_run_changed();
CREATE TRIGGER analytics_run_moved AFTER UPDATE ON runs FOR EACH ROW
  WHEN (least(OLD.completed_at, NEW.completed_at) < ${LATE} AND
    (
    OLD.status IS DISTINCT FROM NEW.status
    OR OLD.completed_at IS DISTINCT FROM NEW.completed_at
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR OLD.started_at IS DISTINCT FROM NEW.started_at
    OR OLD.assistant_id IS DISTINCT FROM NEW.assistant_id
    OR OLD.language IS DISTINCT FROM NEW.language
    OR OLD.model IS DISTINCT FROM NEW.model
    OR OLD.sources IS DISTINCT FROM NEW.sources
    OR OLD.prompt_tokens IS DISTINCT FROM NEW.prompt_tokens
    OR OLD.completion_tokens IS DISTINCT FROM NEW.completion_tokens
    OR OLD.total_tokens IS DISTINCT FROM NEW.total_tokens
    OR OLD.first_token_ms IS DISTINCT FROM NEW.first_token_ms))
  EXECUTE FUNCTION analytics_run_changed();

CREATE TRIGGER analytics_conversation_late AFTER INSERT ON conversations FOR EACH ROW
  WHEN (NEW.created_at < ${LATE}) EXECUTE FUNCTION analytics_conversation_changed();
CREATE TRIGGER analytics_conversation_moved AFTER UPDATE ON conversations FOR EACH ROW
  WHEN (OLD.last_message_at < ${QUIET} AND OLD.last_message_at <> NEW.last_message_at
    OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.language IS DISTINCT FROM NEW.language
    OR OLD.channel IS DISTINCT FROM NEW.channel OR OLD.assistant_id IS DISTINCT FROM NEW.assistant_id)
  EXECUTE FUNCTION analytics_conversation_changed();

CREATE TRIGGER analytics_feedback_changed AFTER INSERT OR UPDATE ON message_feedback FOR EACH ROW
  EXECUTE FUNCTION analytics_feedback_changed();
CREATE TRIGGER analytics_rating_changed AFTER INSERT OR UPDATE ON conversation_ratings FOR EACH ROW
  EXECUTE FUNCTION analytics_rating_changed();
CREATE TRIGGER analytics_user_late AFTER INSERT ON users FOR EACH ROW
  WHEN (NEW.created_at < ${LATE}) EXECUTE FUNCTION analytics_user_changed();
CREATE TRIGGER analytics_user_moved AFTER UPDATE OF created_at ON users FOR EACH ROW
  WHEN (OLD.created_at <> NEW.created_at) EXECUTE FUNCTION analytics_user_changed();

CREATE TRIGGER analytics_message_deleted BEFORE DELETE ON messages FOR EACH ROW
  EXECUTE FUNCTION analytics_message_deleted();
CREATE TRIGGER analytics_run_deleted BEFORE DELETE ON runs FOR EACH ROW
  EXECUTE FUNCTION analytics_run_deleted();
CREATE TRIGGER analytics_conversation_deleted BEFORE DELETE ON conversations FOR EACH ROW
  EXECUTE FUNCTION analytics_conversation_deleted();
CREATE TRIGGER analytics_feedback_deleted BEFORE DELETE ON message_feedback FOR EACH ROW
  EXECUTE FUNCTION analytics_feedback_deleted();
CREATE TRIGGER analytics_user_deleted BEFORE DELETE ON users FOR EACH ROW
  EXECUTE FUNCTION analytics_user_deleted();
`;
