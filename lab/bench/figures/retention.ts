import { runToEnd } from '../../../scripts/services/supervise.ts';
import { ceiling, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** Messages that are too old; concurrent callers; seconds of a closed loop. */
const [OLD, WIDTH, CLOSED] = [1_000_000, 16, 20];

/** Measures 202s a second while old messages go (ours), and while none does (the floor), in turn. */
export async function retention(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  await runToEnd('lab/bench/old.ts', { ...process.env, ...ground.env }, [String(OLD)]);
  const web = await ground.startType('web');
  const users = await makeUsers(ground, 200);
  const send = (i: number) =>
    post<void>(web.port, SEND, { content: `m${i}` }, (users[i % users.length] as LabUser).token);
  await ceiling(8, 6, send);
  const old = async () => {
    const [count] = await ground.query<{ left: number }>(
      `SELECT count(*)::int AS left FROM messages WHERE created_at < now() - interval '30 days'`,
    );
    return count?.left ?? 0;
  };
  return async () => {
    // Each side has a housekeeping process, which has other work too.
    const during = async (settings: Record<string, string>) => {
      const housekeeping = await ground.startType('housekeeping', settings);
      const before = await old();
      const rate = await ceiling(WIDTH, CLOSED, send);
      const gone = before - (await old());
      await housekeeping.stop();
      return { rate, gone };
    };
    const without = await during({});
    const going = await during({ RETENTION_MESSAGES_DAYS: '30' });
    console.error(`retention: ${going.gone} messages went in ${CLOSED} s; without it ${without.gone}`);
    const line = { unit: '/s', loop: `closed, ${WIDTH} wide`, floor: 'retention off', aim: '≥ 0.9' };
    const figure = `202s a second while retention deletes from ${OLD} old messages`;
    return [{ ...line, figure, ours: going.rate, floors: without.rate }];
  };
}
