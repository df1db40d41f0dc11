import { once } from 'node:events';
import { MESSAGES, productRate, WIDTH } from '../messages.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../stack.ts';

/** Messages a second from POST to the end of the run, 32 tokens each, one of each worker. */
export async function throughput(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const floorWorkers = await Promise.all(
    ['moderation', 'context', 'completion'].map((queue) =>
      ground.start('scripts/bench/floors/flow.ts', ['worker', queue]),
    ),
  );
  const producer = await ground.start('scripts/bench/floors/flow.ts', ['producer']);
  const sdk = await ground.start('scripts/bench/floors/sdk.ts');
  return async () => {
    const flowRate = await bareFlows(floorWorkers[2] as Child, producer, MESSAGES * 3);
    sdk.process.send({ count: MESSAGES, content: 'tokens:32', width: WIDTH });
    const [{ ms }] = (await once(sdk.process, 'message')) as [{ ms: number }];
    const ours = await messages(MESSAGES);
    const line = { unit: '/s', loop: 'closed, 100 wide', ours };
    return [
      {
        ...line,
        figure: 'messages a second, to bare flows',
        floor: 'bare BullMQ flow',
        aim: '≥ 0.5',
        floors: flowRate,
      },
      {
        ...line,
        figure: 'messages a second, to bare calls',
        floor: 'openai SDK alone',
        aim: '≥ 0.4',
        floors: (MESSAGES * 1_000) / ms,
      },
    ];
  };
}

async function bareFlows(last: Child, producer: Child, count: number): Promise<number> {
  last.process.send({ wanted: count });
  const began = performance.now();
  producer.process.send({ count });
  await once(last.process, 'message');
  return (count * 1_000) / (performance.now() - began);
}
