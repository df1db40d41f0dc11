import { ends } from '../clients.ts';
import { post } from '../load.ts';
import { type LabUser, makeUsers } from '../../kit/users.ts';
import { MESSAGES, newQuestion, productRate, rate, WARM_UP } from '../messages.ts';
import { startPlain } from '../plain.ts';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** Measures the price of durability: the same work without run rows, fence, log and reconciler. */
export async function durability(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const { web, sockets } = await startPlain(ground);
  const users = await makeUsers(ground, 50);
  const ended = await ends(users, sockets.port, 'message_id');
  const plain = async (i: number) => {
    const user = users[i % users.length] as LabUser;
    const content = newQuestion(i);
    const sent = await post<{ message_id: number }>(web.port, '/', { content, user_id: user.id }, '');
    await ended(sent.message_id);
  };
  await rate(WARM_UP, plain);
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
