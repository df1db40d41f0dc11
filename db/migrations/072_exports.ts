import type { Knex } from 'knex';

/**
 * Adds exports of accounts: the archive is kept in pieces, so that any replica serves it. `attempt` fences: a worker that lost an
 * export adds no more pieces.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE exports (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'ready', 'failed')),
      -- Of 1.
      progress real NOT NULL DEFAULT 0,
      attempt integer NOT NULL DEFAULT 0,
      lease_until timestamptz,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      completed_at timestamptz,
      expires_at timestamptz
    );
    CREATE UNIQUE INDEX exports_one_at_a_time ON exports (user_id) WHERE status IN ('queued', 'running');
    CREATE INDEX exports_by_user ON exports (user_id);
    CREATE INDEX exports_over ON exports (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE export_chunks (
      export_id bigint NOT NULL REFERENCES exports ON DELETE CASCADE,
      seq integer NOT NULL,
      bytes bytea NOT NULL,
      PRIMARY KEY (export_id, seq)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE export_chunks, exports');
}
