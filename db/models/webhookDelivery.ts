import { ids, row, rows } from '../sql.ts';
import { knex } from '../knex.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, use } from '../personalData.ts';

export type DeliveryRow = {
  id: number;
  webhook_id: number;
  /** The header `webhook-id` of every try. */
  message_id: string;
  type: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  duration_ms: number | null;
  response_status: number | null;
  response: string | null;
  error: string | null;
  next_attempt_at: Date | null;
  created_at: Date;
  last_attempt_at: Date | null;
  completed_at: Date | null;
};

const columns = `id, webhook_id, message_id, type, status, attempts, duration_ms, response_status, response, error,
  CASE WHEN status = 'pending' THEN not_before END AS next_attempt_at, created_at, last_attempt_at, completed_at`;

/** Returns a page of an endpoint's deliveries, newest first. @param beforeId the end of the page before; null for the first */
export function listDeliveries(
  webhookId: number,
  limit: number,
  beforeId: number | null,
): Promise<DeliveryRow[]> {
  return rows(
    `SELECT ${columns} FROM webhook_deliveries
     WHERE webhook_id = :webhookId AND (CAST(:beforeId AS bigint) IS NULL OR id < :beforeId)
     ORDER BY id DESC LIMIT :limit`,
    { webhookId, limit, beforeId },
  );
}

/** Owes a test event to an endpoint, enabled or not. Returns undefined without such an endpoint. */
export function oweTest(webhookId: number, along: Along): Promise<DeliveryRow | undefined> {
  return knex.transaction(async (trx) => {
    const owed = await row<DeliveryRow>(
      `INSERT INTO webhook_deliveries (webhook_id, type, data)
       SELECT id, 'webhook.test', jsonb_build_object('webhook_id', id) FROM webhooks WHERE id = :webhookId
       RETURNING ${columns}`,
      { webhookId },
      trx,
    );
    if (owed !== undefined) await along(webhookId, trx);
    return owed;
  });
}

/**
 * Owes a delivery again, at once and for another 24 hours, under the same `webhook-id`. One that is still owed becomes due now.
 * Returns undefined when the endpoint has no such delivery.
 */
export function retryDelivery(
  webhookId: number,
  deliveryId: number,
  along: Along,
): Promise<DeliveryRow | undefined> {
  return knex.transaction(async (trx) => {
    const owed = await row<DeliveryRow>(
      `UPDATE webhook_deliveries SET status = 'pending', completed_at = NULL, step = 0, not_before = clock_timestamp(),
         give_up_at = clock_timestamp() + interval '24 hours'
       WHERE id = :deliveryId AND webhook_id = :webhookId AND NOT (type = 'user.erased' AND data = '{}') RETURNING ${columns}`,
      { webhookId, deliveryId },
      trx,
    );
    if (owed !== undefined) await along(webhookId, trx);
    return owed;
  });
}

/** Owed: endpoints with a delivery that is due. */
export function webhooksToDeliver(): Promise<number[]> {
  return ids(
    `SELECT id FROM webhooks w WHERE (w.paused_until IS NULL OR w.paused_until <= clock_timestamp()) AND EXISTS (SELECT FROM webhook_deliveries
       WHERE webhook_id = w.id AND status = 'pending' AND not_before <= statement_timestamp()) ORDER BY id`,
  );
}

export type ClaimedDelivery = Pick<
  DeliveryRow,
  'id' | 'webhook_id' | 'message_id' | 'type' | 'created_at'
> & {
  attempt: number;
  data: Record<string, unknown>;
  url: string;
  include_content: boolean;
  /** Sealed, the newest first. */
  secrets: string[];
};

/** Claims a due delivery of an endpoint for one try; undefined when nothing is due. @param leaseMs how long the try may take */
export function claimDelivery(webhookId: number, leaseMs: number): Promise<ClaimedDelivery | undefined> {
  return row('SELECT * FROM claim_webhook_delivery(:webhookId, :leaseMs)', { webhookId, leaseMs });
}

/** How a try ended: an answer's status and beginning, or why there was none. */
export type Try = {
  status: number | null;
  response: string | null;
  error: string | null;
  durationMs: number;
  /** For how many seconds the endpoint asks to be left alone. */
  retryAfterS?: number | null;
};

/** Notes how a try ended. Returns why the endpoint was switched off for it; null: it was not. */
export async function recordTry(
  { id, attempt }: ClaimedDelivery,
  { retryAfterS = null, ...tried }: Try,
): Promise<'gone' | 'dead' | null> {
  const noted = await row<{ reason: 'gone' | 'dead' | null }>(
    `SELECT record_webhook_try(:id, :attempt, :status, :response, :error, :durationMs, CAST(:retryAfterS AS integer)) AS reason`,
    { id, attempt, ...tried, retryAfterS },
  );
  return noted?.reason ?? null;
}

export const tables: Tables = {
  webhook_deliveries: {
    purpose: 'what other systems were told; a trigger removes those of an account that goes',
    kept: '30 days',
    bound: use('30 days'),
    erased: 'cascade',
    columns: {
      link: 'id webhook_id data',
      technical:
        'message_id type status step attempts not_before give_up_at created_at last_attempt_at completed_at response_status response error duration_ms',
    },
  },
};
