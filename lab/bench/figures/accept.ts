import { ceiling, latencies, percentile, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Concurrent callers; seconds of a closed loop; seconds of an open loop. */
const [WIDTH, CLOSED, OPEN] = [16, 3, 4];

/**
 * Measures from POST to 202 after the commit. No workers run; the tables are emptied between rounds. Two floors: the SQL
 * that stores a message, and this SQL with the message's other calls for session, limits and queue.
 */
export async function accept(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const file = 'lab/bench/floors/accept.ts';
  const [web, sql, calls] = await Promise.all([
    ground.startType('web'),
    ground.start(file, ['sql']),
    ground.start(file, ['calls']),
  ]);
  const users = await makeUsers(ground, 200);
  const send =
    ({ port }: Child) =>
    (i: number) => {
      const { id, sid, token } = users[i % users.length] as LabUser;
      const body = port === web.port ? { content: `m${i}` } : { content: `m${i}`, user_id: id, sid };
      return post<void>(port, SEND, body, token).then(() => undefined);
    };
  for (const server of [web, sql, calls]) await ceiling(8, 6, send(server));

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
    const [bySql, byCalls, ours] = [await closed(sql), await closed(calls), await closed(web)];
    const rate = Math.round(ours / 2);
    const [floors, times] = [await open(sql, rate), await open(web, rate)];
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
        aim: '–',
        floors: byCalls,
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
    ];
  };
}

async function emptyMessages(ground: Ground): Promise<void> {
  await ground.query('TRUNCATE runs, messages, conversations CASCADE');
}
