import { randomUUID } from 'node:crypto';
import { problem, rowId } from '../../shared/base/errors.ts';

import { prolongSigned, type Signed } from '../../shared/accounts/authenticate.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { tellTyping } from '../../shared/people/typing.ts';
import { parseJson } from '../middleware/body.ts';
import { bodyCheck, check } from '../middleware/validate.ts';
import { ownRun } from '../../shared/conversations/ownRun.ts';
import { resume } from '../../shared/conversations/resume.ts';
import { framesIn } from './contract.ts';
import { presentEvent } from './frames.ts';

const messageCheck = bodyCheck(framesIn.message);
const refreshCheck = bodyCheck(framesIn.refresh);
const typingCheck = bodyCheck(framesIn.typing);

/**
 * Takes a client's frame: a message, a newer access token, or that its user types.
 * @returns the frame to answer with at once: `refreshed`, or the terminal event of a replayed message's run. Null otherwise,
 * because the answer is pushed
 * @throws Problem as `intake`, `prolongSigned` and `tellTyping` do, `malformed_json`, and `validation_failed` for a frame that
 * is not text
 */
export async function takeFrame(
  signed: Signed,
  ip: string,
  bytes: Buffer,
  binary: boolean,
): Promise<object | null> {
  if (binary) throw problem('validation_failed', 'Frames must be text');
  const frame = parseJson(bytes);
  if (typeOf(frame) === 'refresh') {
    const { token } = check(refreshCheck, frame);
    return { type: 'refreshed', ...(await prolongSigned(signed, token)) };
  }
  const { user, sid } = signed;
  if (typeOf(frame) === 'typing') {
    await tellTyping(user, rowId(check(typingCheck, frame).conversation_id));
    return null;
  }
  const { type: _, idempotency_key = null, ...body } = check(messageCheck, frame);
  const { replayed, answer } = await intake(
    { user, sid, ip, channel: 'ws' },
    body,
    idempotency_key,
    randomUUID(),
  );
  if (!replayed || answer.run_id === null) return null;

  const run = await ownRun(user.id, answer.run_id);
  if (run.completed_at === null) return null;
  const { events } = await resume(run, run.last_seq);
  return events[0] === undefined ? null : presentEvent(events[0]);
}

function typeOf(frame: unknown): unknown {
  return typeof frame === 'object' && frame !== null && 'type' in frame ? frame.type : undefined;
}
