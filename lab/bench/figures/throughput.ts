import { once } from 'node:events';
import { MESSAGES, productRate, WARM_UP, WIDTH } from '../messages.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Measures messages per second from POST to the run's end, 32 tokens each, with one of each worker. */
export async function throughput(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const bare = await startFlow(ground, 'bare');
  const calling = await startFlow(ground, 'calls');
  const sdk = await ground.start('lab/bench/floors/sdk.ts');
  const bareCalls = async (count: number) => {
    sdk.process.send({ count, content: 'tokens:32', width: WIDTH });
    const [{ ms }] = (await once(sdk.process, 'message')) as [{ ms: number }];
    return (count * 1_000) / ms;
  };
  const messages = await productRate(ground);
  for (const warmUp of [bare, calling, bareCalls]) await warmUp(WARM_UP);
  return async () => {
    const floors = {
      bare: await bare(MESSAGES * 3),
      calls: await bareCalls(MESSAGES),
      calling: await calling(MESSAGES),
    };
    const ours = await messages(MESSAGES);
    const line = { unit: '/s', loop: 'closed, 100 wide', ours };
    return [
      {
        ...line,
        figure: 'messages a second, to bare flows',
        floor: 'bare BullMQ flow',
        aim: '≥ 0.5',
        floors: floors.bare,
      },
      {
        ...line,
        figure: 'messages a second, to bare calls',
        floor: 'openai SDK alone',
        aim: '≥ 0.4',
        floors: floors.calls,
      },
      {
        ...line,
        figure: 'messages a second, to both',
        floor: 'bare flow whose jobs make the calls',
        aim: '≥ 0.42',
        floors: floors.calling,
      },
    ];
  };
}

/** Starts a flow's workers and producer. Returns a function that runs `count` flows and resolves to flows per second. */
export async function startFlow(ground: Ground, flow: string): Promise<(count: number) => Promise<number>> {
  const file = 'lab/bench/floors/flow.ts';
  const [last] = await Promise.all(
    ['completion', 'moderation', 'context'].map((queue) => ground.start(file, ['worker', flow, queue])),
  );
  const producer = await ground.start(file, ['producer', flow]);
  return async (count) => {
    const { process } = last as Child;
    process.send({ wanted: count });
    const began = performance.now();
    producer.process.send({ count });
    await once(process, 'message');
    return (count * 1_000) / (performance.now() - began);
  };
}
