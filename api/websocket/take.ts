import { randomUUID } from 'node:crypto';
import { problem } from '../../shared/errors.ts';
import type { SignedUser } from '../auth/authenticate.ts';
import { intake } from '../chat/intake.ts';
import { webSocketFrame } from '../chat/schemas.ts';
import { parseJson } from '../middleware/body.ts';
import { check } from '../middleware/validate.ts';
import { ownRun } from '../runs/own.ts';
import { resume } from '../runs/resume.ts';
import { presentEvent } from './frames.ts';

/**
 * Takes what a client sent.
 * @returns a frame to answer with at once: the end of a run that was asked for before and is over. All else is pushed
 * @throws Problem as `intake` does, `malformed_json`, and `validation_failed` for what is no text
 */
export async function takeFrame(user: SignedUser, bytes: Buffer, binary: boolean): Promise<object | null> {
  if (binary) throw problem('validation_failed', 'Frames are text');
  const { type: _, idempotency_key = null, ...body } = check(webSocketFrame, parseJson(bytes));
  const { replayed, answer } = await intake(user, body, idempotency_key, randomUUID());
  if (!replayed) return null;

  const run = await ownRun(user.id, answer.run_id);
  if (run.completed_at === null) return null;
  const { events } = await resume(run, run.last_seq);
  return events[0] === undefined ? null : presentEvent(events[0]);
}
