import { setTimeout as sleep } from 'node:timers/promises';
import { productRate } from '../messages.ts';
import type { Measured } from '../report.ts';
import { type Ground, WORKERS } from '../../kit/ground.ts';

/** Notifications owed at once; answers of a rate. */
const [OWED, ANSWERS] = [10_000, 400];

/** Measures answers a second while 10,000 notifications are owed at once (ours), and while none is (the floor). */
export async function owed(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const answers = await productRate(ground, [...WORKERS, 'notification']);
  const left = async () => {
    const [count] = await ground.query<{ left: number }>(
      'SELECT count(*)::int AS left FROM notifications WHERE due_at IS NOT NULL',
    );
    return count?.left ?? 0;
  };
  const told = async () => {
    while ((await left()) > 0) await sleep(200);
  };
  return async () => {
    await told();
    const floors = await answers(ANSWERS);
    await ground.query(
      `INSERT INTO notifications (kind, user_id, data, due_at)
       SELECT 'export_ready', id, '{}', now() FROM generate_series(1, $1::int) AS n
       JOIN LATERAL (SELECT id FROM users OFFSET n % (SELECT count(*) FROM users) LIMIT 1) AS somebody ON true`,
      [OWED],
    );
    const ours = await answers(ANSWERS);
    const still = await left();
    console.error(`owed: ${still} of ${OWED} were still owed when the answers had ended`);
    const line = { unit: '/s', loop: `closed, ${ANSWERS} answers`, floor: 'none owed', aim: '≥ 0.9' };
    return [{ ...line, figure: 'answers while 10,000 notifications are owed', ours, floors }];
  };
}
