import { once } from 'node:events';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** Measures the context stage's computation, without its stores. */
export async function context(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const child = await ground.start('lab/bench/floors/tokens.ts');
  return async () => {
    child.process.send({ times: 2_000 });
    const [{ ours, floor: floors }] = (await once(child.process, 'message')) as [
      { ours: number; floor: number },
    ];
    return [
      {
        figure: 'context building',
        unit: 'ms',
        loop: '2,000 times',
        floor: "tiktoken's encode of the question",
        aim: '≤ 1.2',
        ours,
        floors,
      },
    ];
  };
}
