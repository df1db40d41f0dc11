import type { Knex } from 'knex';

/**
 * The outbox: what users are told, the mails that carry it, their devices for web push, what each user wants, and the tokens
 * that verify an address. `due_at` is when the notification queue looks at a row next; NULL: nothing is owed.
 *
 * `notifications.user_id` is NULL where a request names no account: it then costs the same work as for one that exists.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE users ADD COLUMN email_verified_at timestamptz, ADD COLUMN email_refused_at timestamptz;

    CREATE TABLE mails (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint REFERENCES users ON DELETE CASCADE,
      address text NOT NULL,
      language text NOT NULL,
      -- The part of its Message-ID before the @: every try of a mail has the same.
      message_key text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      due_at timestamptz,
      tries integer NOT NULL DEFAULT 0,
      sent_at timestamptz,
      failed_at timestamptz,
      -- Why the last try failed: a code of the mail server, no text of it.
      error text
    );
    CREATE INDEX mails_owed ON mails (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX mails_by_user ON mails (user_id);
    CREATE INDEX mails_by_address ON mails (lower(address), created_at);
    CREATE INDEX mails_by_time ON mails (created_at);

    CREATE TABLE notifications (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint REFERENCES users ON DELETE CASCADE,
      kind text NOT NULL CHECK (kind IN ('password_reset', 'email_verification', 'new_sign_in', 'answer_ready',
        'agent_replied', 'handoff_waiting', 'knowledge_answered', 'export_ready', 'account_erased')),
      -- Ids, and what no row holds: an address that is not the account's, a number from which a token is made.
      data jsonb NOT NULL DEFAULT '{}',
      conversation_id bigint REFERENCES conversations ON DELETE CASCADE,
      message_id bigint REFERENCES messages ON DELETE CASCADE,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      due_at timestamptz,
      tries integer NOT NULL DEFAULT 0,
      -- When the list in the app began to show it.
      shown_at timestamptz,
      read_at timestamptz,
      push_at timestamptz,
      -- The subscriptions that have it.
      pushed_to bigint[] NOT NULL DEFAULT '{}',
      mail_at timestamptz,
      mail_id bigint REFERENCES mails ON DELETE SET NULL
    );
    CREATE INDEX notifications_owed ON notifications (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX notifications_of_user ON notifications (user_id, id);
    CREATE INDEX notifications_unread ON notifications (user_id) WHERE shown_at IS NOT NULL AND read_at IS NULL;
    CREATE INDEX notifications_to_mail ON notifications (user_id) WHERE mail_at IS NOT NULL;
    CREATE INDEX notifications_of_mail ON notifications (mail_id) WHERE mail_id IS NOT NULL;
    CREATE INDEX notifications_of_conversation ON notifications (conversation_id) WHERE conversation_id IS NOT NULL;
    CREATE INDEX notifications_of_message ON notifications (message_id) WHERE message_id IS NOT NULL;
    CREATE INDEX notifications_by_time ON notifications (created_at);

    CREATE TABLE notification_settings (
      user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
      -- {kind: {email: boolean, push: boolean}}; what it lacks is wanted.
      kinds jsonb NOT NULL DEFAULT '{}',
      -- {from: "22:00", to: "07:00"} in the user's timezone, or NULL.
      quiet_hours jsonb
    );

    CREATE TABLE push_subscriptions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      -- A device is told while it is signed in.
      session_id bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
      endpoint text NOT NULL CHECK (length(endpoint) <= 2048),
      p256dh text NOT NULL,
      auth text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE UNIQUE INDEX push_subscriptions_endpoint ON push_subscriptions (endpoint);
    CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id);
    CREATE INDEX push_subscriptions_by_session ON push_subscriptions (session_id);

    CREATE TABLE email_verifications (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      email text NOT NULL,
      token_hash text NOT NULL UNIQUE,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    );
    CREATE INDEX email_verifications_by_user ON email_verifications (user_id);
    CREATE INDEX email_verifications_by_expiry ON email_verifications (expires_at);

    -- When those who asked were told that an FAQ answers it now.
    ALTER TABLE faq_suggestions ADD COLUMN told_at timestamptz;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE faq_suggestions DROP COLUMN told_at;
    DROP TABLE email_verifications, push_subscriptions, notification_settings, notifications, mails;
    ALTER TABLE users DROP COLUMN email_verified_at, DROP COLUMN email_refused_at;
  `);
}
