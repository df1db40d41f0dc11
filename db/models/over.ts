import { rows } from '../sql.ts';

/**
 * The statements that delete expired rows, a batch of each kind at a time. A spent refresh token stays until its
 * expiry: until then its replay ends the session. `SKIP LOCKED`: of two processes that tidy at once, each takes
 * its own rows.
 */
const KINDS = {
  refresh_tokens: `DELETE FROM refresh_tokens WHERE id IN (
    SELECT id FROM refresh_tokens WHERE expires_at < now() - interval '1 day'
    ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  // An ended session keeps its expiry; by then its tokens are deleted.
  sessions: `DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < now() - make_interval(days => :sessionDays)
    ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  // For a day after its expiry `PasswordReset.isOver` still knows a token.
  password_resets: `DELETE FROM password_resets WHERE id IN (
    SELECT id FROM password_resets WHERE expires_at < now() - interval '1 day'
    ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  // The contract keeps keys for a day at least. The run stays.
  idempotency_keys: `UPDATE runs SET idempotency_key = NULL WHERE id IN (
    SELECT id FROM runs WHERE idempotency_key IS NOT NULL AND created_at < now() - interval '2 days'
      AND completed_at IS NOT NULL
    ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  // A delivery that is still owed has long been given up by then. That of a deleted endpoint too.
  webhook_deliveries: `DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE created_at < now() - interval '30 days'
    ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  exports: `DELETE FROM exports WHERE id IN (
    SELECT id FROM exports WHERE expires_at < now() ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  budget_user_days: `DELETE FROM budget_user_days WHERE (user_id, day) IN (
    SELECT user_id, day FROM budget_user_days WHERE day < current_date - 40
    LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING user_id`,
  faq_imports: `DELETE FROM faq_imports WHERE id IN (
    SELECT id FROM faq_imports WHERE completed_at < now() - interval '90 days'
    ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  message_keys: `DELETE FROM message_keys WHERE (user_id, idempotency_key) IN (
    SELECT user_id, idempotency_key FROM message_keys WHERE created_at < now() - interval '2 days'
    ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING message_id`,
} as const;

export type Over = Record<keyof typeof KINDS, number>;

/**
 * Deletes up to `batch` expired rows of each kind.
 * @param sessionDays how many days a session is kept after its expiry
 * @returns the count of each kind
 */
export async function deleteOver(batch: number, sessionDays: number): Promise<Over> {
  return {
    refresh_tokens: (await rows(KINDS.refresh_tokens, { batch })).length,
    sessions: (await rows(KINDS.sessions, { batch, sessionDays })).length,
    password_resets: (await rows(KINDS.password_resets, { batch })).length,
    webhook_deliveries: (await rows(KINDS.webhook_deliveries, { batch })).length,
    idempotency_keys: (await rows(KINDS.idempotency_keys, { batch })).length,
    exports: (await rows(KINDS.exports, { batch })).length,
    budget_user_days: (await rows(KINDS.budget_user_days, { batch })).length,
    faq_imports: (await rows(KINDS.faq_imports, { batch })).length,
    message_keys: (await rows(KINDS.message_keys, { batch })).length,
  };
}
