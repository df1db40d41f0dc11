import { EventEmitter, once } from 'node:events';
import type { RunEvent } from '../../shared/events.ts';
import { packet, unpack } from '../../shared/push.ts';
import { connect } from '../../shared/redis.ts';

/** Every user's channel, as the emitter of Socket.IO names them. */
const PATTERN = 'socket.io#/#*';

/** The connection on which this process hears what is pushed to users. It tries to reach Redis for ever. */
const subscriber = connect('subscriber', {
  maxRetriesPerRequest: null,
  autoResubscribe: false,
});

/**
 * What is heard: 'subscribed' whenever the subscription stands, again after each gap; 'pmessageBuffer' for the
 * Socket.IO adapter; and a channel's name with each push on it. The adapter takes it for a connection to Redis: it
 * would subscribe by itself, without ever catching a failure.
 */
export const pushes = Object.assign(new EventEmitter().setMaxListeners(0), {
  psubscribe() {},
  punsubscribe() {},
  subscribe() {},
  unsubscribe() {},
});

/** Resolves when pushes are heard for the first time. */
export const firstSubscription = once(pushes, 'subscribed');

/**
 * Calls `listener` with each push to a user.
 * @returns what ends that
 */
export function onPush(userId: number, listener: (event: RunEvent) => void): () => void {
  const { channel } = packet(userId, '', null);
  const hear = (message: Buffer) => listener(unpack(message) as RunEvent);
  pushes.on(channel, hear);
  return () => pushes.off(channel, hear);
}

/** Resolves at the next push to a user, or after `limitMs`. */
export async function pushedTo(userId: number, limitMs: number): Promise<void> {
  const { channel } = packet(userId, '', null);
  await once(pushes, channel, { signal: AbortSignal.timeout(limitMs) }).catch(() => {});
}

subscriber.on('ready', async () => {
  // A failure is the end of this connection, which a refusal alone would not be; the next one is ready in its turn.
  await subscriber.psubscribe(PATTERN).then(
    () => pushes.emit('subscribed'),
    () => subscriber.disconnect(true),
  );
});
subscriber.on('pmessageBuffer', (pattern, channel: Buffer, message: Buffer) => {
  pushes.emit('pmessageBuffer', pattern, channel, message);
  pushes.emit(channel.toString(), message);
});
