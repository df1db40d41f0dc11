import { randomUUID } from 'node:crypto';
import type { Socket } from 'socket.io';
import { markMessage } from '../../db/models/messageView.ts';
import { presentProblem, problem, toProblem } from '../../shared/base/errors.ts';
import { logFew } from '../../shared/fewLines.ts';
import { log } from '../../shared/base/log.ts';
import { tracedRequest } from '../../shared/ops/tracing.ts';
import { prolongSigned, type Signed, type SignedUser } from '../auth/authenticate.ts';
import { refreshFrame } from '../auth/schemas.ts';
import { intake } from '../chat/intake.ts';
import { chatEvents } from '../chat/contract.ts';
import { messageEvents } from '../messages/contract.ts';
import { addressOf } from '../middleware/address.ts';
import { bodyId } from '../middleware/ids.ts';
import { bodyCheck, check } from '../middleware/validate.ts';
import { cancel, ownRun, presentRun } from '../runs/own.ts';
import { resume } from '../runs/resume.ts';
import { runClientEvents } from '../runs/contract.ts';

const messageFrame = bodyCheck(chatEvents.message.frame);
const readFrame = bodyCheck(messageEvents.read.frame);
const cancelFrame = bodyCheck(runClientEvents.cancel.frame);
const resumeFrame = bodyCheck(runClientEvents.resume.frame);

type Handler = (signed: Signed, payload: unknown, ip: string) => Promise<object>;

/** What clients may say. Each takes whatever was sent and returns what its acknowledgement adds to `ok: true`. */
export const handlers: Record<string, Handler> = {
  async message({ user }, payload, ip) {
    const { type: _, idempotency_key = null, ...body } = check(messageFrame, payload);
    const { replayed, answer } = await intake({ user, ip }, body, idempotency_key, randomUUID());
    return replayed ? { replayed, ...answer } : answer;
  },
  async resume({ user }, payload) {
    const { run_id, after_seq } = check(resumeFrame, payload);
    return resume(await ownRun(user.id, bodyId(run_id)), after_seq);
  },
  async cancel({ user }, payload) {
    const { run_id } = check(cancelFrame, payload);
    const { run } = await cancel(user.id, bodyId(run_id));
    return { run: presentRun(run) };
  },
  async delivered({ user }, payload) {
    const { message_id } = check(readFrame, payload);
    return seen(user, message_id, 'delivered');
  },
  async read({ user }, payload) {
    const { message_id } = check(readFrame, payload);
    return seen(user, message_id, 'read');
  },
  async refresh(signed, payload) {
    return prolongSigned(signed, check(refreshFrame, payload).token);
  },
};

/** Events of one socket that are answered at a time; whoever sends more without waiting is told so. */
const AT_ONCE = 32;
const unanswered = new WeakMap<Socket, number>();

/** Answers one event of a signed-in socket. Never throws, whatever was sent, with or without an acknowledgement. */
export async function answerEvent(socket: Socket, event: unknown, args: unknown[]): Promise<void> {
  const last = args.at(-1);
  const [payload, acknowledge] = isAcknowledgement(last)
    ? [args[0] === last ? undefined : args[0], last]
    : [args[0]];
  const waiting = unanswered.get(socket) ?? 0;
  unanswered.set(socket, waiting + 1);
  try {
    if (waiting >= AT_ONCE) throw problem('rate_limited', 'Wait for acknowledgements', { retryAfterS: 1 });
    const handler = Object.hasOwn(handlers, String(event)) ? handlers[String(event)] : undefined;
    if (handler === undefined) throw problem('not_found', 'There is no such event');
    const ip = addressOf(socket.request);
    const answer = await tracedRequest({}, `socket ${String(event)}`, () =>
      handler(socket.data as Signed, payload, ip),
    );
    acknowledge?.({ ok: true, ...answer });
  } catch (err) {
    report(err, (socket.data as Signed).user.id);
    acknowledge?.({ ok: false, error: presentProblem(err, '/socket.io') });
  } finally {
    unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1);
  }
}

async function seen(user: SignedUser, messageId: number, step: 'delivered' | 'read'): Promise<object> {
  if (!(await markMessage(bodyId(messageId), user.id, step))) throw problem('not_found');
  return {};
}

function isAcknowledgement(value: unknown): value is (answer: object) => void {
  return typeof value === 'function';
}

function report(err: unknown, user_id: number): void {
  const { status, code, cause } = toProblem(err);
  logFew(`user:${user_id}`, () => {
    if (status >= 500) log.error({ err: cause ?? err, code }, 'socket event failed');
    // As the access log says it of requests. The event may be named anything, and is not.
    else log.info({ user_id, status, code }, 'socket event refused');
  });
}
