import { EventEmitter, once } from 'node:events';
import type { PeopleEvent } from './peopleEvents.ts';
import type { RunEvent } from './runEvents.ts';
import { packet, unpack } from './push.ts';
import { connect } from './redis.ts';

/** Matches every user's channel, as the emitter of Socket.IO names it. */
const PATTERN = 'socket.io#/#*';

/** The connection that receives what is pushed to users. It tries to reach Redis for ever. */
const subscriber = connect('subscriber', {
  maxRetriesPerRequest: null,
  autoResubscribe: false,
});

/**
 * Emits 'subscribed' when the subscription begins, and again after each gap; 'pmessageBuffer' for the Socket.IO adapter.
 * The adapter takes it for a connection to Redis. The empty methods keep the adapter from subscribing by itself, which
 * would leave a failure uncaught.
 */
export const pushes = Object.assign(new EventEmitter().setMaxListeners(0), {
  psubscribe() {},
  punsubscribe() {},
  subscribe() {},
  unsubscribe() {},
});

/** Resolves when this process hears pushes for the first time. */
export const firstSubscription = once(pushes, 'subscribed');

type Listener = (event: RunEvent | PeopleEvent) => void;
/** The listeners of each user's channel, by its name. */
const listening = new Map<string, Set<Listener>>();

/**
 * Calls `listener` with each push to a user.
 * @returns a function that ends the calls
 */
export function onPush(userId: number, listener: Listener): () => void {
  const { channel } = packet(userId, '', null);
  const listeners = listening.get(channel) ?? new Set();
  listening.set(channel, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && listening.get(channel) === listeners) listening.delete(channel);
  };
}

/** Resolves at the next push of a run, or after `limitMs`. */
export async function pushedTo(userId: number, runId: number, limitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      endPushes();
      resolve();
    };
    const timer = setTimeout(end, limitMs);
    const endPushes = onPush(userId, ({ data }) => 'run_id' in data && data.run_id === runId && end());
  });
}

subscriber.on('ready', async () => {
  // A refused subscription does not end the connection, so this does. ioredis connects again and subscribes anew.
  await subscriber.psubscribe(PATTERN).then(
    () => pushes.emit('subscribed'),
    () => subscriber.disconnect(true),
  );
});
subscriber.on('pmessageBuffer', (pattern, channel: Buffer, message: Buffer) => {
  pushes.emit('pmessageBuffer', pattern, channel, message);
  const listeners = listening.get(channel.toString());
  if (listeners === undefined) return;
  // Unpacks the message once for all listeners.
  const event = unpack(message) as RunEvent | PeopleEvent;
  for (const listener of listeners) listener(event);
});
