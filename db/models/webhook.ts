import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

export const EVENT_TYPES = [
  'run.completed',
  'run.failed',
  'run.cancelled',
  'message.created',
  'conversation.handoff',
  'conversation.resolved',
  'feedback.created',
  'faq.published',
  'user.created',
  'user.erased',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type WebhookFields = {
  url: string;
  events: EventType[];
  description: string;
  enabled: boolean;
  include_content: boolean;
};
export type WebhookRow = WebhookFields & {
  id: number;
  /** gone: it answered 410. dead: it failed for three days. null: an administrator disabled it, or nobody did. */
  disabled_reason: 'gone' | 'dead' | null;
  disabled_at: Date | null;
  failing_since: Date | null;
  created_at: Date;
  updated_at: Date;
};

const columns = `id, url, events, description, enabled, include_content, disabled_reason, disabled_at, failing_since, created_at,
  updated_at`;

export function findWebhook(id: number): Promise<WebhookRow | undefined> {
  return row(`SELECT ${columns} FROM webhooks WHERE id = :id`, { id });
}

/** Returns a page of endpoints, oldest first. */
export function listWebhooks(limit: number, afterId: number): Promise<WebhookRow[]> {
  return rows(`SELECT ${columns} FROM webhooks WHERE id > :afterId ORDER BY id LIMIT :limit`, {
    limit,
    afterId,
  });
}

/**
 * Adds an endpoint with its first secret. Returns undefined where there are `most` already.
 * @param sealFor seals the secret for the endpoint's id
 */
export function addWebhook(
  fields: WebhookFields,
  { createdBy, most, sealFor }: { createdBy: number; most: number; sealFor: (id: number) => string },
  along: Along,
): Promise<WebhookRow | undefined> {
  return knex.transaction(async (trx) => {
    // One addition at a time, so that the count holds.
    await trx.raw('LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE');
    const { rows: added } = await trx.raw<{ rows: WebhookRow[] }>(
      `INSERT INTO webhooks (url, events, description, enabled, include_content, created_by)
       SELECT :url, CAST(:events AS text[]), :description, :enabled, :include_content, :createdBy
       WHERE (SELECT count(*) FROM webhooks) < :most RETURNING ${columns}`,
      { ...fields, createdBy, most },
    );
    const [webhook] = added;
    if (webhook === undefined) return undefined;
    await addSecret(webhook.id, sealFor(webhook.id), trx);
    await along(webhook.id, trx);
    return webhook;
  });
}

/**
 * Writes the given fields. Disabling an endpoint gives up what is owed to it; enabling it forgets its failures.
 * Returns undefined without such an endpoint.
 */
export function changeWebhook(
  id: number,
  fields: Partial<WebhookFields>,
  along: Along,
): Promise<WebhookRow | undefined> {
  return knex.transaction(async (trx) => {
    const before = await row<WebhookRow>(
      `SELECT ${columns} FROM webhooks WHERE id = :id FOR NO KEY UPDATE`,
      { id },
      trx,
    );
    if (before === undefined) return undefined;
    const on = fields.enabled === true && !before.enabled;
    await trx('webhooks')
      .where({ id })
      .update({
        ...fields,
        updated_at: trx.fn.now(),
        ...(on && { failing_since: null, disabled_reason: null, disabled_at: null, paused_until: null }),
      });
    if (fields.enabled === false && before.enabled)
      await row('SELECT switch_webhook_off(:id, NULL)', { id }, trx);
    await along(id, trx);
    return row<WebhookRow>(`SELECT ${columns} FROM webhooks WHERE id = :id`, { id }, trx);
  });
}

/** Deletes an endpoint with its secrets and deliveries. Returns false when it does not exist. */
export function deleteWebhook(id: number, along: Along): Promise<boolean> {
  return knex.transaction(async (trx) => {
    if ((await trx('webhooks').where({ id }).delete()) === 0) return false;
    await trx('webhook_deliveries').where({ webhook_id: id }).delete();
    await along(id, trx);
    return true;
  });
}

/**
 * Gives an endpoint a new secret. The secrets before it sign too until `untilMs` from now.
 * Returns undefined without such an endpoint.
 */
export function rotateWebhookSecret(
  id: number,
  { sealed, untilMs }: { sealed: string; untilMs: number },
  along: Along,
): Promise<{ id: number; previous_expires_at: Date } | undefined> {
  return knex.transaction(async (trx) => {
    const found = await row('SELECT FROM webhooks WHERE id = :id FOR NO KEY UPDATE', { id }, trx);
    if (found === undefined) return undefined;
    const previous = await row<{ expires_at: Date }>(
      `UPDATE webhook_secrets SET expires_at = clock_timestamp() + :untilMs * interval '1 ms'
       WHERE webhook_id = :id AND expires_at IS NULL RETURNING expires_at`,
      { id, untilMs },
      trx,
    );
    // Each request carries a signature for each secret, so their number has a limit. Nobody needs that many rotations in a day.
    await row(
      `DELETE FROM webhook_secrets WHERE webhook_id = :id AND (expires_at < clock_timestamp() OR id NOT IN (
         SELECT id FROM webhook_secrets WHERE webhook_id = :id ORDER BY id DESC LIMIT ${SECRETS - 1}))`,
      { id },
      trx,
    );
    await addSecret(id, sealed, trx);
    await along(id, trx);
    return { id, previous_expires_at: previous?.expires_at ?? new Date() };
  });
}
const SECRETS = 10;

async function addSecret(webhook_id: number, sealed: string, trx: Knex): Promise<void> {
  await trx('webhook_secrets').insert({ webhook_id, sealed });
}

export const tables: Tables = {
  webhooks: {
    purpose: 'telling other systems',
    kept: FOR_GOOD,
    bound: operators('100'),
    erased: 'unlinked',
    columns: {
      link: 'id created_by',
      technical:
        'url events description enabled include_content created_at updated_at disabled_at disabled_reason failing_since paused_until',
    },
  },
  webhook_secrets: {
    sealed: { column: 'sealed', id: 'id', label: 'webhook_id', prefix: 'webhook' },
    purpose: 'signing for other systems',
    kept: 'a day after the next one',
    bound: operators('ten for each webhook'),
    erased: 'none',
    columns: { technical: 'id webhook_id created_at expires_at', secret: 'sealed' },
  },
};
