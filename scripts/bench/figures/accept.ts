import { type BenchUser, ceiling, latencies, makeUsers, percentile, post, SEND } from '../load.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../stack.ts';

/** POST to 202 after the commit. No workers run: what piles up is emptied between rounds. */
export async function accept(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, floor] = await Promise.all([
    ground.startType('web'),
    ground.start('scripts/bench/floors/accept.ts'),
  ]);
  const users = await makeUsers(ground, 200);
  const send =
    ({ port }: Child) =>
    (i: number) => {
      const user = users[i % users.length] as BenchUser;
      const body = port === floor.port ? { content: `m${i}`, user_id: user.id } : { content: `m${i}` };
      return post<void>(port, SEND, body, user.token).then(() => undefined);
    };
  await Promise.all([ceiling(8, 8, send(web)), ceiling(8, 8, send(floor))]);
  return async () => {
    await emptyMessages(ground);
    const floors = await ceiling(16, 3, send(floor));
    await emptyMessages(ground);
    const ours = await ceiling(16, 3, send(web));
    await emptyMessages(ground);
    await latencies(Math.round(ours / 2), 1, send(web));
    const times = await latencies(Math.round(ours / 2), 4, send(web));
    const line = { unit: 'ms', loop: 'open, half of saturation', floor: '–', floors: Number.NaN };
    return [
      {
        figure: 'accept: 202s a second',
        unit: '/s',
        loop: 'closed, 16 wide',
        floor: 'bare Koa, same SQL',
        aim: '≥ 0.7',
        ours,
        floors,
      },
      { ...line, figure: 'accept p50', aim: '≤ 3 ms', ours: percentile(times, 50) },
      { ...line, figure: 'accept p99', aim: '≤ 10 ms', ours: percentile(times, 99) },
    ];
  };
}

async function emptyMessages(ground: Ground): Promise<void> {
  await ground.query('TRUNCATE runs, messages, conversations CASCADE');
}
