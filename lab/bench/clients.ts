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

/**
 * Connects every user. Returns two functions: `ended` resolves at the `response` of an id, `first` with the time of the id's first
 * delta.
 */
export async function listen(
  users: LabUser[],
  port: number,
  id: 'run_id' | 'message_id',
): Promise<{ ended: (wanted: number) => Promise<void>; first: (wanted: number) => Promise<number> }> {
  const [ends, firsts] = [awaited<void>(), awaited<number>()];
  for (const user of users) {
    const socket = await connect(port, { token: user.token, room: `user:${user.id}` });
    const on = (event: string, happened: (key: number) => void) =>
      socket.on(event, (data: Record<string, number>) => happened(data[id] ?? 0));
    on('response', (key) => ends(key).resolve());
    on('response.delta', (key) => firsts(key).resolve(performance.now()));
  }
  return { ended: (wanted) => ends(wanted).promise, first: (wanted) => firsts(wanted).promise };
}

/** Returns a function that makes a promise for each id. */
function awaited<T>(): (key: number) => PromiseWithResolvers<T> {
  const known = new Map<number, PromiseWithResolvers<T>>();
  return (key) => {
    const one = known.get(key) ?? Promise.withResolvers<T>();
    known.set(key, one);
    return one;
  };
}
