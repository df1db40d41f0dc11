import { regenerateReply } from '../../db/models/reply.ts';
import { env } from '../base/env.ts';
import { traced } from '../ops/tracing.ts';
import { checkKey, follow, requestHash, type Taken } from './intake.ts';
import { type Sender, withinLimits } from '../limits/sending.ts';

/**
 * Schedules a new answer to the question of a user's reply. The new reply is stored beside the old one.
 * @param key the idempotency key, or null
 * @throws Problem `validation_failed`, `not_found`, `consent_required`, `run_in_progress` (the reply is not finished),
 *   `idempotency_key_reused`, `rate_limited`, `too_many_waiting_runs`
 */
export async function regenerate(
  sender: Sender,
  replyId: number,
  key: string | null,
  requestId: string,
): Promise<Taken> {
  checkKey(key);
  const again = {
    user_id: sender.user.id,
    reply_id: replyId,
    idempotency_key: key,
    request_hash: requestHash({ regenerate: replyId }),
    request_id: requestId,
  };
  return follow(
    await withinLimits(sender, { key, hash: again.request_hash }, () =>
      traced('accept', {}, () => regenerateReply(again, env.MAX_WAITING_RUNS_PER_USER)),
    ),
  );
}
