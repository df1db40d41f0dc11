import { Emitter } from '@socket.io/redis-emitter';
import { decode } from 'notepack.io';
import { redis } from './redis.ts';

/** Returns the room of all sockets of a user, on all replicas. */
export function userRoom(userId: number): string {
  return `user:${userId}`;
}

/** The room of the sockets of all agents and administrators, on all replicas. */
export const AGENTS_ROOM = 'agents';

export type Packet = { channel: string; payload: Buffer };

/**
 * Returns the Redis message that makes every replica emit `event` to a user's sockets. Captures what the emitter would
 * publish, because the run log's scripts publish it under the fence.
 */
export function packet(userId: number, event: string, data: unknown): Packet {
  return packetTo(userRoom(userId), event, data);
}

function packetTo(room: string, event: string, data: unknown): Packet {
  captured = undefined;
  emitter.to(room).emit(event, data);
  if (captured === undefined) throw new Error('the emitter published nothing');
  return captured;
}

/** Emits an event to a user's sockets. Sockets that are away miss it, so its content must also be stored. */
export async function push(userId: number, event: string, data: unknown): Promise<void> {
  const { channel, payload } = packet(userId, event, data);
  await redis.publish(channel, payload);
}

/** Emits an event to the sockets of all agents. */
export async function pushToAgents(event: string, data: unknown): Promise<void> {
  const { channel, payload } = packetTo(AGENTS_ROOM, event, data);
  await redis.publish(channel, payload);
}

/** Returns the event and data of a packet: the inverse of `packet`. */
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
