import type { Child, Ground } from '../kit/ground.ts';

/** Starts the program without durability, one process of each type, and the socket server of its pushes. */
export async function startPlain(ground: Ground): Promise<{ web: Child; sockets: Child }> {
  const file = 'lab/bench/floors/plain.ts';
  const [web, sockets] = await Promise.all([
    ground.start(file, ['web']),
    ground.start('lab/bench/floors/sockets.ts'),
    ...['moderation', 'context', 'completion'].map((queue) => ground.start(file, [queue])),
  ]);
  return { web, sockets };
}
