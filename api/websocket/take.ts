import { randomUUID } from 'node:crypto';
import { problem } from '../../shared/base/errors.ts';
import { prolongSigned, type Signed } from '../../shared/accounts/authenticate.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { parseJson } from '../middleware/body.ts';
import { bodyCheck, check } from '../middleware/validate.ts';
import { ownRun } from '../../shared/conversations/ownRun.ts';
import { resume } from '../../shared/conversations/resume.ts';
import { framesIn } from './contract.ts';
import { presentEvent } from './frames.ts';

const messageCheck = bodyCheck(framesIn.message);
const refreshCheck = bodyCheck(framesIn.refresh);

/**
 * Takes what a client sent.
 * @returns a frame to answer with at once: that a token was taken, or the end of a run that was asked for before and is over.
 * All else is pushed
 * @throws Problem as `intake` does, `malformed_json`, and `validation_failed` for what is no text
 */
export async function takeFrame(
  signed: Signed,
  ip: string,
  bytes: Buffer,
  binary: boolean,
): Promise<object | null> {
  if (binary) throw problem('validation_failed', 'Frames are text');
  const frame = parseJson(bytes);
  if (isRefresh(frame)) {
    const { token } = check(refreshCheck, frame);
    return { type: 'refreshed', ...(await prolongSigned(signed, token)) };
  }
  const { user } = signed;
  const { type: _, idempotency_key = null, ...body } = check(messageCheck, frame);
  const { replayed, answer } = await intake({ user, ip }, body, idempotency_key, randomUUID());
  if (!replayed) return null;

  const run = await ownRun(user.id, answer.run_id);
  if (run.completed_at === null) return null;
  const { events } = await resume(run, run.last_seq);
  return events[0] === undefined ? null : presentEvent(events[0]);
}

function isRefresh(frame: unknown): boolean {
  return typeof frame === 'object' && frame !== null && 'type' in frame && frame.type === 'refresh';
}
