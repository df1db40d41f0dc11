import { Emitter } from '@socket.io/redis-emitter';
import { decode } from 'notepack.io';
import { redis } from './redis.ts';

/** The room that all sockets of a user are in, on whichever replica. */
export function userRoom(userId: number): string {
  return `user:${userId}`;
}

export type Packet = { channel: string; payload: Buffer };

/**
 * The Redis message that makes every replica emit `event` to a user's sockets: what the emitter would publish.
 * It is captured rather than sent, because the run log's scripts publish it under the fence.
 */
export function packet(userId: number, event: string, data: unknown): Packet {
  captured = undefined;
  emitter.to(userRoom(userId)).emit(event, data);
  if (captured === undefined) throw new Error('the emitter published nothing');
  return captured;
}

/** Emits an event to a user's sockets. It is lost on those that are away: what it says has to stand elsewhere. */
export async function push(userId: number, event: string, data: unknown): Promise<void> {
  const { channel, payload } = packet(userId, event, data);
  await redis.publish(channel, payload);
}

/** What a packet says: the inverse of `packet`. */
export function unpack(payload: Buffer): { event: string; data: unknown } {
  const [, { data: content }] = decode(payload) as [string, { data: [string, unknown] }];
  const [event, data] = content;
  return { event, data };
}

let captured: Packet | undefined;
const emitter = new Emitter({
  publish(channel: string, payload: Buffer) {
    captured = { channel, payload };
  },
});
