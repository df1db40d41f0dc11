import { ends } from '../clients.ts';
import { type BenchUser, makeUsers, post } from '../load.ts';
import { MESSAGES, productRate, rate } from '../messages.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../stack.ts';

/** The same work without run rows, fence, log and reconciler. */
export async function durability(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const file = 'scripts/bench/floors/plain.ts';
  const [web] = await Promise.all([
    ground.start(file, ['web']),
    ...['moderation', 'context', 'completion'].map((queue) => ground.start(file, [queue])),
  ]);
  const bare = await ground.start('scripts/bench/floors/sockets.ts');
  const users = await makeUsers(ground, 50);
  const ended = await ends(users, bare.port, 'message_id');
  const plain = async (i: number) => {
    const user = users[i % users.length] as BenchUser;
    const sent = await post<{ message_id: number }>(
      (web as Child).port,
      '/',
      { content: `q${i} tokens:32`, user_id: user.id },
      '',
    );
    await ended(sent.message_id);
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => plain(i)));
  return async () => {
    const floors = await rate(MESSAGES, plain);
    const ours = await messages(MESSAGES);
    return [
      {
        figure: 'price of durability',
        unit: '/s',
        loop: 'closed, 100 wide',
        floor: 'the same without it',
        aim: '≥ 0.6',
        ours,
        floors,
      },
    ];
  };
}
