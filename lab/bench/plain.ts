import { listen } from './clients.ts';
import { post } from './load.ts';
import { newQuestion } from './messages.ts';
import type { Child, Ground } from '../kit/ground.ts';
import type { LabUser } from '../kit/users.ts';

/** Starts the program without durability, one process of each type, and the socket server of its pushes. */
export async function startPlain(
  ground: Ground,
  env: Record<string, string> = {},
): Promise<{ web: Child; sockets: Child; workers: Child[] }> {
  const file = 'lab/bench/floors/plain.ts';
  const [web, sockets, ...workers] = await Promise.all([
    ground.start(file, ['web'], env),
    ground.start('lab/bench/floors/sockets.ts', [], env),
    ...['moderation', 'context', 'completion'].map((queue) => ground.start(file, [queue], env)),
  ]);
  return { web, sockets, workers };
}

/** Starts the program without durability. Returns a function that has one message answered. */
export async function plainMessages(ground: Ground, users: LabUser[]): Promise<(i: number) => Promise<void>> {
  const { web, sockets } = await startPlain(ground);
  const { ended } = await listen(users, sockets.port, 'message_id');
  return async (i) => {
    const body = { content: newQuestion(i), user_id: (users[i % users.length] as LabUser).id };
    await ended((await post<{ message_id: number }>(web.port, '/', body, '')).message_id);
  };
}
