import { EventEmitter, once } from 'node:events';
import { packet } from '../../shared/push.ts';
import { connect } from '../../shared/redis.ts';

/** The connection on which this process hears what is pushed to users. It waits for Redis for ever. */
export const subscriber = connect('subscriber', { maxRetriesPerRequest: null });

/** Every user's channel, as the Socket.IO adapter subscribes to them. */
const PATTERN = 'socket.io#/#*';

const pushes = new EventEmitter().setMaxListeners(0);
subscriber.on('pmessageBuffer', (_pattern, channel: Buffer) => pushes.emit(channel.toString()));

/** Resolves when everything that is pushed from now on is heard; rejects when the connection breaks before. */
export async function subscribe(): Promise<void> {
  await subscriber.psubscribe(PATTERN);
}

/** Resolves at the next push to a user, or after `limitMs`. */
export async function pushedTo(userId: number, limitMs: number): Promise<void> {
  const { channel } = packet(userId, '', null);
  await once(pushes, channel, { signal: AbortSignal.timeout(limitMs) }).catch(() => {});
}

subscriber.on('ready', () => subscribe().catch(() => {}));
