import { makeUsers } from '../../kit/users.ts';
import { MESSAGES, productRate, rate, WARM_UP } from '../messages.ts';
import { plainMessages } from '../plain.ts';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** Measures the price of durability: the same work without run rows, fence, log and reconciler. */
export async function durability(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const plain = await plainMessages(ground, await makeUsers(ground, 50));
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
        aim: '≥ 0.85',
        ours,
        floors,
      },
    ];
  };
}
