import { randomUUID } from 'node:crypto';
import type { Socket } from 'socket.io';
import type { Static } from 'typebox';
import { markMessage } from '../../db/models/messageView.ts';
import { logFew } from '../../shared/ops/fewLines.ts';
import { found, presentProblem, problem, rowId, toProblem } from '../../shared/base/errors.ts';
import { log } from '../../shared/base/log.ts';
import { tracedRequest } from '../../shared/ops/tracing.ts';
import { prolongSigned, type Signed, type SignedUser } from '../../shared/accounts/authenticate.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { tellTyping } from '../../shared/people/typing.ts';
import { tellViewing } from '../../shared/people/viewing.ts';
import type { Sender } from '../../shared/limits/sending.ts';
import type { ClientEvent } from '../contract/contract.ts';
import { bodyCheck, check, type Schema } from '../middleware/validate.ts';
import { presentRun } from '../runs/contract.ts';
import { cancel, ownRun } from '../../shared/conversations/ownRun.ts';
import { resume } from '../../shared/conversations/resume.ts';
import { boundedSocket } from './connections.ts';
import { clientEvents } from './contract.ts';
import { watchLive } from './live.ts';

type Events = typeof clientEvents;
type From = Pick<Sender, 'ip' | 'channel'> & { socket: Socket };
type Frame<Event extends keyof Events> = Static<Events[Event]['frame']>;
type Answer<Event extends keyof Events> = Static<Events[Event]['answer']>;

/** A handler for each event of a client. It takes a valid frame and returns what the acknowledgement adds to `ok: true`. */
export const handlers: {
  [Event in keyof Events]: (signed: Signed, frame: Frame<Event>, from: From) => Promise<Answer<Event>>;
} = {
  async message({ user, sid }, { type: _, idempotency_key = null, ...body }, { ip, channel }) {
    const { replayed, answer } = await intake(
      { user, sid, ip, channel },
      body,
      idempotency_key,
      randomUUID(),
    );
    return replayed ? { replayed, ...answer } : answer;
  },
  async resume({ user }, { run_id, after_seq }) {
    return resume(await ownRun(user.id, rowId(run_id)), after_seq);
  },
  async cancel({ user }, { run_id }) {
    const { run } = await cancel(user.id, rowId(run_id));
    return { run: presentRun(run) };
  },
  delivered: ({ user }, { message_id }) => seen(user, message_id, 'delivered'),
  read: ({ user }, { message_id }) => seen(user, message_id, 'read'),
  async typing({ user }, { conversation_id }) {
    await tellTyping(user, rowId(conversation_id));
    return {};
  },
  async viewing({ user }, { conversation_id }) {
    await tellViewing(user, rowId(conversation_id));
    return {};
  },
  async 'analytics.subscribe'(_signed, _frame, { socket }) {
    watchLive(socket);
    return {};
  },
  refresh: (signed, { token }) => prolongSigned(signed, token),
};

const checks = Object.fromEntries(
  Object.entries<ClientEvent>(clientEvents).map(([event, { frame }]) => [event, bodyCheck(frame)]),
) as { [Event in keyof Events]: Schema<Frame<Event>> };

/** Checks a frame against the contract of its event, and handles it. @throws Problem */
async function take<Event extends keyof Events>(
  event: Event,
  signed: Signed,
  payload: unknown,
  from: From,
): Promise<Answer<Event>> {
  return handlers[event](signed, check(checks[event], payload), from);
}

function isClientEvent(event: unknown): event is keyof Events {
  return Object.hasOwn(clientEvents, String(event));
}

/** How many events of one socket are answered at a time. Further ones are refused. */
const AT_ONCE = 32;
const unanswered = new WeakMap<Socket, number>();

/** Answers one event of a signed-in socket, with or without an acknowledgement. Never throws. */
export async function answerEvent(socket: Socket, event: unknown, args: unknown[]): Promise<void> {
  const last = args.at(-1);
  const [payload, acknowledge] = isAcknowledgement(last)
    ? [args[0] === last ? undefined : args[0], last]
    : [args[0]];
  // As an empty body of HTTP.
  const sent = payload === undefined ? {} : payload;
  const waiting = unanswered.get(socket) ?? 0;
  unanswered.set(socket, waiting + 1);
  try {
    if (waiting >= AT_ONCE) throw problem('rate_limited', 'Wait for acknowledgements', { retryAfterS: 1 });
    if (!isClientEvent(event)) throw problem('not_found', 'This event is unknown');
    const from: From = {
      socket,
      ip: boundedSocket(socket.conn)?.address ?? '',
      channel: socket.handshake.auth.channel === 'widget' ? 'widget' : 'web',
    };
    const answer = await tracedRequest({}, `socket ${event}`, () =>
      take(event, socket.data as Signed, sent, from),
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
  found(await markMessage(rowId(messageId), user.id, step));
  return {};
}

function isAcknowledgement(value: unknown): value is (answer: object) => void {
  return typeof value === 'function';
}

function report(err: unknown, user_id: number): void {
  const { status, code, cause } = toProblem(err);
  logFew(`user:${user_id}`, () => {
    if (status >= 500)
      log.error({ err: cause ?? err, code }, 'Socket event failed; its client gets a problem');
    // Logs what the access log does for requests, without the event's name: a client may send any text as a name.
    else log.info({ user_id, status, code }, 'Socket event refused');
  });
}
