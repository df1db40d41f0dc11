import type { Knex } from 'knex';

/** Answers that nobody was shown: a run's prompt asked again, by another version or model. They go with their run. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE replays (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run_id bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
      assistant_version integer,
      model text,
      status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'completed', 'failed')),
      content text,
      sources jsonb NOT NULL DEFAULT '[]',
      finish_reason text,
      prompt_tokens integer,
      completion_tokens integer,
      total_tokens integer,
      error_code text,
      created_at timestamptz NOT NULL DEFAULT now(),
      completed_at timestamptz
    );
    CREATE INDEX replays_by_run ON replays (run_id, id);
    CREATE INDEX replays_owed ON replays (id) WHERE status = 'queued';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE replays');
}
