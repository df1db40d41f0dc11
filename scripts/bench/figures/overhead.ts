import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstDeltas } from '../clients.ts';
import { type BenchUser, ceiling, latencies, makeUsers, percentile, post, SEND } from '../load.ts';
import type { Measured } from '../report.ts';
import { type Ground, WORKERS } from '../stack.ts';

/** POST to the first delta at a socket on another replica, less the provider's own first token. */
export async function overhead(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, other] = await Promise.all([ground.startType('web'), ground.startType('web')]);
  await Promise.all(WORKERS.map((type) => ground.startType(type)));
  const sdk = await ground.start('scripts/bench/floors/sdk.ts');
  const users = await makeUsers(ground, 50);
  const firsts = await firstDeltas(other.port, users);
  const send = async (i: number) => {
    const user = users[i % users.length] as BenchUser;
    const { run_id } = await post<{ run_id: number }>(
      web.port,
      SEND,
      { content: `q${i} ${Math.random()} tokens:32` },
      user.token,
    );
    return firsts(run_id);
  };
  await ceiling(32, 25, send);
  return async () => {
    sdk.process.send({ count: 20, content: 'tokens:32', width: 1 });
    const [{ firstToken }] = (await once(sdk.process, 'message')) as [{ firstToken: number }];
    const unloaded = await latencies(5, 6, send);
    const saturation = await ceiling(32, 4, send);
    await sleep(500);
    const loaded = await latencies(Math.max(1, Math.round(saturation * 0.7)), 5, send);
    const line = { unit: 'ms', floor: '–', floors: Number.NaN };
    const less = (times: number[], p: number) => percentile(times, p) - firstToken;
    return [
      {
        ...line,
        figure: 'engine overhead p50, unloaded',
        loop: 'open, 5/s',
        aim: '≤ 8 ms',
        ours: less(unloaded, 50),
      },
      {
        ...line,
        figure: 'engine overhead p99, unloaded',
        loop: 'open, 5/s',
        aim: '≤ 25 ms',
        ours: less(unloaded, 99),
      },
      {
        ...line,
        figure: 'engine overhead p99, 70 % load',
        loop: 'open',
        aim: '≤ 50 ms',
        ours: less(loaded, 99),
      },
    ];
  };
}
