import type { Socket } from 'socket.io-client';
import { openSocket } from '../kit/device.ts';
import type { LabUser } from '../kit/users.ts';

/** Returns a connected Socket.IO client. */
export async function connect(port: number, auth: object): Promise<Socket> {
  const socket = openSocket(`http://127.0.0.1:${port}`, auth);
  await new Promise<void>((connected, refused) => {
    socket.once('connect', connected);
    socket.once('connect_error', refused);
  });
  return socket;
}

/** Connects every user. Returns a function that resolves at the `response` of an id. */
export async function ends(
  users: LabUser[],
  port: number,
  id: 'run_id' | 'message_id',
): Promise<(wanted: number) => Promise<void>> {
  const happened = new Map<number, PromiseWithResolvers<void>>();
  const of = (key: number) => {
    const known = happened.get(key) ?? Promise.withResolvers<void>();
    happened.set(key, known);
    return known;
  };
  for (const user of users) {
    const socket = await connect(port, { token: user.token, room: `user:${user.id}` });
    socket.on('response', (data: Record<string, number>) => of(data[id] ?? 0).resolve());
  }
  return (wanted) => of(wanted).promise;
}

/** Connects every user. Returns a function that resolves with the time of an id's first delta. */
export async function firstDeltas(
  users: LabUser[],
  port: number,
  id: 'run_id' | 'message_id',
): Promise<(wanted: number) => Promise<number>> {
  const happened = new Map<number, PromiseWithResolvers<number>>();
  const of = (key: number) => {
    const known = happened.get(key) ?? Promise.withResolvers<number>();
    happened.set(key, known);
    return known;
  };
  for (const user of users) {
    const socket = await connect(port, { token: user.token, room: `user:${user.id}` });
    socket.on('response.delta', (data: Record<string, number>) =>
      of(data[id] ?? 0).resolve(performance.now()),
    );
  }
  return (wanted) => of(wanted).promise;
}
