import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

export type NewExperiment = {
  assistant_id: number;
  version_a: number;
  version_b: number;
  share: number;
  until: Date | null;
};
export type ExperimentRow = NewExperiment & {
  id: number;
  /** open: conversations join. closed: `until` is over. */
  status: 'open' | 'closed' | 'ended';
  kept: number | null;
  created_at: Date;
  ended_at: Date | null;
};

const columns = `id, assistant_id, version_a, version_b, share, until, kept, created_at, ended_at,
  CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN until <= now() THEN 'closed' ELSE 'open' END AS status`;

export function findExperiment(id: number): Promise<ExperimentRow | undefined> {
  return row(`SELECT ${columns} FROM experiments WHERE id = :id`, { id });
}

/** Returns a page of experiments, the newest first. @param before end of the page before; null for the first */
export function listExperiments(
  assistantId: number | null,
  limit: number,
  before: number | null,
): Promise<ExperimentRow[]> {
  return rows(
    `SELECT ${columns} FROM experiments
     WHERE (CAST(:before AS bigint) IS NULL OR id < :before)
       AND (CAST(:assistantId AS bigint) IS NULL OR assistant_id = :assistantId)
     ORDER BY id DESC LIMIT :limit`,
    { assistantId, limit, before },
  );
}

export type Refusal = 'no_assistant' | 'no_version' | 'is_archived' | 'is_running';

/** Begins an experiment, unless its assistant has one that has not ended. */
export function addExperiment(wanted: NewExperiment, along: Along): Promise<ExperimentRow | Refusal> {
  return knex.transaction(async (trx) => {
    const { assistant_id, version_a, version_b } = wanted;
    const assistant = await trx('assistants').where({ id: assistant_id }).forShare().first('is_archived');
    if (assistant === undefined) return 'no_assistant';
    if (assistant.is_archived) return 'is_archived';
    const versions = await trx('assistant_versions')
      .where({ assistant_id })
      .whereIn('version', [version_a, version_b]);
    if (versions.length < 2) return 'no_version';
    const added = await row<ExperimentRow>(
      `INSERT INTO experiments (assistant_id, version_a, version_b, share, until)
       VALUES (:assistant_id, :version_a, :version_b, :share, :until)
       ON CONFLICT (assistant_id) WHERE ended_at IS NULL DO NOTHING RETURNING ${columns}`,
      wanted,
      trx,
    );
    if (added === undefined) return 'is_running';
    await along(added.id, trx);
    return added;
  });
}

/** Ends an experiment. @param keep the version that answers from now on; null changes nothing */
export function endExperiment(
  id: number,
  keep: number | null,
  along: Along,
): Promise<'ended' | 'conflict' | 'not_one' | undefined> {
  return knex.transaction(async (trx: Knex.Transaction) => {
    const end = await row<{ outcome: 'ended' | 'conflict' | 'not_one' }>(
      `SELECT end_experiment(id, CAST(:keep AS integer)) AS outcome FROM experiments WHERE id = :id`,
      { id, keep },
      trx,
    );
    if (end?.outcome === 'ended') await along(id, trx);
    return end?.outcome;
  });
}

/** What became of an arm's conversations, by the definitions of docs/analytics.md. */
export type ArmCounts = {
  version: number;
  conversations: number;
  answered: number;
  handed_off: number;
  resolved_by_bot: number;
  resolved_by_agent: number;
  reopened: number;
  pending: number;
  scored: number;
  score_sum: number;
  answers: number;
  from_knowledge: number;
  unanswered: number;
  tokens: number;
  rated_up: number;
  rated_down: number;
};

/** Counts both arms from the rows; an arm without a conversation has no row. @param quietH RESOLVED_AFTER_H */
export function countArms(id: number, quietH: number): Promise<ArmCounts[]> {
  return rows(
    `WITH arms AS (
       SELECT experiment_version AS version, array_agg(id) AS ids FROM conversations
       WHERE experiment_id = :id GROUP BY 1)
     SELECT arms.version, fate.*, said.*, rated.* FROM arms
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(begun), 0)::bigint AS conversations, ${FATES.map((name) => `coalesce(sum(${name}), 0)::bigint AS ${name}`).join(', ')}
       FROM analytics_begun_in(arms.ids, make_interval(hours => CAST(:quietH AS integer)))) AS fate
     CROSS JOIN LATERAL (
       SELECT count(*) AS answers,
         count(*) FILTER (WHERE status = 'completed' AND sources <> '[]') AS from_knowledge,
         count(*) FILTER (WHERE status = 'completed' AND sources = '[]') AS unanswered,
         coalesce(sum(total_tokens), 0)::bigint AS tokens
       FROM runs WHERE conversation_id = ANY (arms.ids) AND assistant_version = arms.version
         AND completed_at IS NOT NULL) AS said
     CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE f.rating = 'up') AS rated_up, count(*) FILTER (WHERE f.rating = 'down') AS rated_down
       FROM message_feedback f JOIN messages m ON m.id = f.message_id JOIN runs r ON r.id = m.run_id
       WHERE f.conversation_id = ANY (arms.ids) AND r.assistant_version = arms.version) AS rated
     ORDER BY arms.version`,
    { id, quietH },
  );
}
const FATES = [
  'answered',
  'handed_off',
  'resolved_by_bot',
  'resolved_by_agent',
  'reopened',
  'pending',
  'scored',
  'score_sum',
];

export const tables: Tables = {
  experiments: {
    purpose: 'two versions of an assistant side by side',
    kept: FOR_GOOD,
    bound: operators('what administrators began, one at a time for each assistant'),
    erased: 'none',
    columns: {
      technical: 'id assistant_id version_a version_b share until created_at ended_at kept',
    },
  },
};
