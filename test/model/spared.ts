import { rows } from '../../db/sql.ts';
import type { Step } from './control.ts';

/**
 * Returns a violation for each run that an interrupt or a delete should have cancelled and neither ended nor
 * flagged. An interrupt cancels all runs before its own, a delete or a take all runs, a handoff those that have not started.
 */
export async function sparedBy({ label, bindings }: Step, userId: number): Promise<string[]> {
  if (label === 'hand_over' || label === 'take_over') return sparedByPerson(label, userId);
  const interrupts = bindings.multitask_strategy === 'interrupt';
  if (!interrupts && label !== 'delete_conversation') return [];
  const spared = await rows<{ id: number }>(
    `SELECT r.id FROM runs r JOIN conversations c ON c.id = r.conversation_id
     WHERE r.user_id = :userId AND r.completed_at IS NULL AND r.cancel_requested_at IS NULL
       AND (r.id < (SELECT id FROM runs WHERE user_id = :userId AND idempotency_key = :key) OR c.deleted_at IS NOT NULL)`,
    { userId, key: interrupts ? String(bindings.idempotency_key) : '' },
  );
  return spared.map(({ id }) => `run ${id} was spared by ${interrupts ? 'an interrupt' : 'a delete'}`);
}

async function sparedByPerson(label: string, userId: number): Promise<string[]> {
  const spared = await rows<{ id: number }>(
    `SELECT r.id FROM runs r JOIN conversations c ON c.id = r.conversation_id
     WHERE r.user_id = :userId AND r.completed_at IS NULL AND c.deleted_at IS NULL
       AND CASE c.status WHEN 'agent' THEN r.cancel_requested_at IS NULL WHEN 'waiting' THEN r.started_at IS NULL END`,
    { userId },
  );
  return spared.map(({ id }) => `run ${id} was spared by ${label}`);
}
