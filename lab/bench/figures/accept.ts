import { ceiling, latencies, percentile, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Concurrent callers; seconds of a closed loop; seconds of an open loop. */
const [WIDTH, CLOSED, OPEN] = [16, 3, 4];

/**
 * Measures from POST to 202 after the commit. No workers run; the tables are emptied between rounds. Three floors: the SQL
 * that stores a message; this SQL with the message's other calls for session, limits and queue; all these calls behind the
 * packages of which HTTP consists.
 */
export async function accept(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const file = 'lab/bench/floors/accept.ts';
  const [web, sql, calls, packages] = await Promise.all([
    ground.startType('web'),
    ...['sql', 'calls', 'packages'].map((kind) => ground.start(file, [kind])),
  ] as [Promise<Child>, Promise<Child>, Promise<Child>, Promise<Child>]);
  const users = await makeUsers(ground, 200);
  const send =
    ({ port }: Child) =>
    (i: number) => {
      const { id, sid, token } = users[i % users.length] as LabUser;
      const body = port === web.port ? { content: `m${i}` } : { content: `m${i}`, user_id: id, sid };
      return post<void>(port, SEND, body, token).then(() => undefined);
    };
  for (const server of [web, sql, calls, packages]) await ceiling(8, 6, send(server));

  const closed = async (server: Child) => {
    await emptyMessages(ground);
    return ceiling(WIDTH, CLOSED, send(server));
  };
  const open = async (server: Child, rate: number) => {
    await emptyMessages(ground);
    // Warm-up: after the tables were emptied, every connection plans again.
    await latencies(rate, 1, send(server));
    return latencies(rate, OPEN, send(server));
  };
  return async () => {
    const [bySql, byCalls] = [await closed(sql), await closed(calls)];
    const [byPackages, ours] = [await closed(packages), await closed(web)];
    const rate = Math.round(ours / 2);
    const [floors, packed, times] = [
      await open(sql, rate),
      await open(packages, rate),
      await open(web, rate),
    ];
    const throughput = { unit: '/s', loop: `closed, ${WIDTH} wide`, ours };
    const latency = { unit: 'ms', loop: 'open, half of saturation', floor: 'bare Koa, same SQL, same rate' };
    return [
      {
        ...throughput,
        figure: 'accept: 202s a second',
        floor: 'bare Koa, same SQL',
        aim: '≥ 0.7',
        floors: bySql,
      },
      {
        ...throughput,
        figure: 'accept, to all its calls',
        floor: 'bare Koa, same calls of Postgres and Redis',
        aim: '≥ 0.9',
        floors: byCalls,
      },
      {
        ...throughput,
        figure: 'accept, to all its calls and packages',
        floor: 'the same calls behind router, token, headers, schema and metrics',
        aim: '–',
        floors: byPackages,
      },
      {
        ...latency,
        figure: 'accept p50',
        aim: '≤ 3 ms',
        ours: percentile(times, 50),
        floors: percentile(floors, 50),
      },
      {
        ...latency,
        figure: 'accept p99',
        aim: '≤ 10 ms',
        ours: percentile(times, 99),
        floors: percentile(floors, 99),
      },
      {
        ...latency,
        figure: 'accept p99, to all its calls and packages',
        floor: 'the same calls and packages, same rate',
        aim: '–',
        ours: percentile(times, 99),
        floors: percentile(packed, 99),
      },
    ];
  };
}

async function emptyMessages(ground: Ground): Promise<void> {
  await ground.query('TRUNCATE runs, messages, conversations CASCADE');
}
