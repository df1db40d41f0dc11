import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../clients.ts';
import { ceiling, latencies, percentile, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import { addFaqs, newQuestion, rate, WARM_UP } from '../messages.ts';
import { startPlain } from '../plain.ts';
import type { Measured } from '../report.ts';
import { type Ground, WORKERS } from '../../kit/ground.ts';

/** Seconds of a round's open loops. */
const [UNLOADED, LOADED] = [12, 5];

/**
 * Measures from POST to the first delta at a socket on another replica, minus the provider's own first token. The floor
 * has no durability, but the same numbers of processes, queues and provider calls, at the same rates.
 */
export async function overhead(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  await addFaqs(ground);
  const [web, other] = await Promise.all([ground.startType('web'), ground.startType('web')]);
  await Promise.all(WORKERS.map((type) => ground.startType(type)));
  const plain = await startPlain(ground);
  const sdk = await ground.start('lab/bench/floors/sdk.ts');
  const users = await makeUsers(ground, 50);
  const { first: firsts } = await listen(users, other.port, 'run_id');
  const { first: plainFirsts } = await listen(users, plain.sockets.port, 'message_id');
  const userOf = (i: number) => users[i % users.length] as LabUser;

  const ours = async (i: number) => {
    const { token } = userOf(i);
    return firsts(
      (await post<{ run_id: number }>(web.port, SEND, { content: newQuestion(i) }, token)).run_id,
    );
  };
  const floor = async (i: number) => {
    const body = { content: newQuestion(i), user_id: userOf(i).id };
    return plainFirsts((await post<{ message_id: number }>(plain.web.port, '/', body, '')).message_id);
  };
  for (const send of [ours, floor]) await rate(WARM_UP, async (i) => void (await send(i)));

  return async () => {
    sdk.process.send({ count: 20, content: 'tokens:32', width: 1 });
    const [{ firstToken }] = (await once(sdk.process, 'message')) as [{ firstToken: number }];
    const less = (times: number[], p: number) => percentile(times, p) - firstToken;
    const floorUnloaded = await latencies(10, UNLOADED, floor);
    const unloaded = await latencies(10, UNLOADED, ours);
    const saturation = await ceiling(32, 4, ours);
    const loadedRate = Math.max(1, Math.round(saturation * 0.7));
    await sleep(500);
    const loaded = await latencies(loadedRate, LOADED, ours);
    const floorLoaded = await latencies(loadedRate, LOADED, floor);
    const line = { unit: 'ms', floor: 'the same without durability' };
    const figure = (name: string, [loop, aim]: [string, string], [a, b]: number[][], p: number) => ({
      ...line,
      figure: `engine overhead ${name}`,
      loop,
      aim,
      ours: less(a ?? [], p),
      floors: less(b ?? [], p),
    });
    return [
      figure('p50, unloaded', ['open, 10/s', '≤ 8 ms'], [unloaded, floorUnloaded], 50),
      figure('p99, unloaded', ['open, 10/s', '≤ 25 ms'], [unloaded, floorUnloaded], 99),
      figure('p99, 70 % load', ['open', '≤ 50 ms'], [loaded, floorLoaded], 99),
    ];
  };
}
