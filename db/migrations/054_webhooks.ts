import type { Knex } from 'knex';

/**
 * Webhooks: other systems that receive events. A delivery is one event for one endpoint, and is owed while it is `pending`. It
 * has no foreign key: each event would lock the same row of `webhooks`. `attempts` is the fence of a try. `step` counts the
 * tries since the event, or since somebody asked for another round. The functions of the triggers are in
 * db/functions/webhooks.sql; until that file has run, they do nothing.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE webhooks (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      url text NOT NULL CHECK (length(url) <= 2000),
      events text[] NOT NULL CHECK (cardinality(events) > 0),
      description text NOT NULL DEFAULT '',
      enabled boolean NOT NULL DEFAULT true,
      include_content boolean NOT NULL DEFAULT false,
      created_by bigint REFERENCES users ON DELETE SET NULL,
      -- The first failure since the last success.
      failing_since timestamptz,
      disabled_reason text CHECK (disabled_reason IN ('gone', 'dead')),
      disabled_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (disabled_reason IS NULL OR NOT enabled)
    );
    CREATE INDEX webhooks_by_creator ON webhooks (created_by) WHERE created_by IS NOT NULL;

    -- Sealed (shared/base/secretBox.ts). expires_at NULL: the newest; earlier ones sign too until then.
    CREATE TABLE webhook_secrets (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      webhook_id bigint NOT NULL REFERENCES webhooks ON DELETE CASCADE,
      sealed text NOT NULL,
      expires_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX webhook_secrets_by_webhook ON webhook_secrets (webhook_id, id);
    CREATE UNIQUE INDEX webhook_secrets_newest ON webhook_secrets (webhook_id) WHERE expires_at IS NULL;

    CREATE TABLE webhook_deliveries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      webhook_id bigint NOT NULL,
      -- The header webhook-id of every try.
      message_id text NOT NULL DEFAULT 'msg_' || replace(CAST(gen_random_uuid() AS text), '-', ''),
      type text NOT NULL,
      data jsonb NOT NULL,
      status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
      attempts integer NOT NULL DEFAULT 0,
      step integer NOT NULL DEFAULT 0,
      not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
      give_up_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '24 hours',
      response_status integer,
      response text CHECK (length(response) <= 1024),
      error text,
      duration_ms integer,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      last_attempt_at timestamptz,
      completed_at timestamptz,
      CHECK ((status = 'pending') = (completed_at IS NULL))
    );
    CREATE INDEX webhook_deliveries_owed ON webhook_deliveries (webhook_id, not_before) WHERE status = 'pending';
    CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
    -- For the erasure of a user.
    CREATE INDEX webhook_deliveries_by_user ON webhook_deliveries ((data ->> 'user_id'));
    CREATE INDEX webhook_deliveries_over ON webhook_deliveries (created_at);
  `);
  for (const name of FUNCTIONS)
    await knex.raw(
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
    );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION ${FUNCTIONS.join(', ')};
    DROP FUNCTION IF EXISTS emit, claim_webhook_delivery, record_webhook_try, switch_webhook_off;
    DROP TABLE webhook_deliveries, webhook_secrets, webhooks;
  `);
}

const FUNCTIONS = [
  'emit_message',
  'emit_run',
  'emit_message_feedback',
  'emit_faq_feedback',
  'emit_faq',
  'emit_conversation',
  'emit_user',
  'emit_erasure',
];
