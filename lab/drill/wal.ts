import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres } from '../kit/postgres.ts';
import { startRecovered } from '../kit/recovered.ts';
import { eraseSomebody, type House, script, startHouse, startScript, verdict } from './house.ts';
import type { Outcome } from './outcome.ts';

/** One base backup and the WAL after it: recovers to the moment before an accident, and then to the loss of the machine. */
export async function walDrills(rate: number, seconds: number, encrypted: boolean): Promise<Outcome[]> {
  const house = await startHouse(encrypted);
  const stops = [house.stop];
  const count = async (what: string) =>
    (await house.ground.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${what}`))[0]?.n ?? 0;
  try {
    await house.start();
    const receiver = startScript('backup', ['wal'], house.env());
    receiver.stderr?.pipe(process.stderr);
    const gone = once(receiver, 'exit');
    const first = await house.traffic(seconds, rate);
    await Promise.all([
      house.traffic(2, rate).then((some) => (first.accepted += some.accepted)),
      script('backup', ['base'], house.env()),
    ]);
    const erased = await eraseSomebody(house);
    const second = await house.traffic(seconds, rate);
    const messages = await count('messages');
    const [moment] = await house.ground.query<{ at: Date }>('SELECT clock_timestamp() AS at');
    const until = (moment?.at ?? new Date()).toISOString();
    await sleep(1_500);
    // The accident: somebody deletes more than was meant.
    await house.ground.query(`DELETE FROM notifications`);
    await house.ground.query(`UPDATE messages SET content = 'overwritten' WHERE id % 2 = 0`);
    const accident = Date.now();
    const third = await house.traffic(seconds, rate);
    const lost = Date.now();
    // The machine is lost: only what the store holds by then is left.
    receiver.kill('SIGKILL');
    await gone;
    cpSync(house.env().BACKUP_DIR ?? '', join(house.folder, 'copy'), { recursive: true });
    await house.kill();
    const ledgerEnv = { ...house.env(), BACKUP_DIR: join(house.folder, 'later') };
    await script('backup', ['dump'], ledgerEnv);
    const ledger = join(house.folder, 'later', 'ledger', 'erasures.jsonl');

    const toMoment = await recover(house, until, ledger, 'moment');
    stops.push(toMoment.server.stop);
    const recovered = await toMoment.server.rows<{ n: number; damaged: number }>(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE content = 'overwritten')::int AS damaged FROM messages`,
    );
    const wrong: string[] = [];
    if (recovered[0]?.damaged !== 0) wrong.push('rows of after the accident are there');
    if (recovered[0]?.n !== messages) wrong.push(`${recovered[0]?.n} messages instead of ${messages}`);
    const here = first.accepted + second.accepted - erased.messages;
    const outcomes: Outcome[] = [
      {
        drill: `point in time${encrypted ? ', encrypted' : ''}`,
        accepted: here,
        missing: Math.max(0, here - (await userMessages(toMoment.server))),
        rpoS: (accident - Date.parse(until)) / 1_000,
        rtoS: toMoment.rtoS,
        answeredAfter: toMoment.owed,
        ...(await verdict(toMoment.server, erased.pseudonym)),
        wrong,
      },
    ];
    await house.kill();

    const toEnd = await recover(house, undefined, ledger, 'end');
    stops.push(toEnd.server.stop);
    const all = here + third.accepted;
    const [newest] = await toEnd.server.rows<{ at: Date | null }>(
      'SELECT max(created_at) AS at FROM messages',
    );
    const found = await verdict(toEnd.server, erased.pseudonym);
    outcomes.push({
      drill: `all kept WAL${encrypted ? ', encrypted' : ''}`,
      accepted: all,
      missing: Math.max(0, all - (await userMessages(toEnd.server))),
      rpoS: Math.max(0, lost - (newest?.at?.getTime() ?? 0)) / 1_000,
      rtoS: toEnd.rtoS,
      answeredAfter: toEnd.owed,
      ...found,
      // The accident overwrote half of the texts, which are equal then.
      doubled: 0,
      wrong: [],
    });
    return outcomes;
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function userMessages(server: Postgres): Promise<number> {
  const [row] = await server.rows<{ n: number }>(
    `SELECT count(*)::int AS n FROM messages WHERE message_type = 'user'`,
  );
  return row?.n ?? 0;
}

/** Recovers into a new server, and starts the installation on it. */
async function recover(house: House, until: string | undefined, ledger: string, name: string) {
  const began = Date.now();
  const dir = join(house.folder, name);
  mkdirSync(dir, { mode: 0o755 });
  const data = join(dir, 'data');
  const env = { ...house.env(), BACKUP_DIR: join(house.folder, 'copy') };
  await script('restore', ['base', '--data', data, ...(until === undefined ? [] : ['--until', until])], env);
  const server = await startRecovered(dir, [join(house.folder, 'copy')]);
  process.stderr.write(`drill: the server takes writes after ${Date.now() - began} ms\n`);
  await script('restore', ['after', '--ledger', ledger], { ...env, DATABASE_URL: server.url });
  const [owed] = await server.rows<{ n: number }>(
    'SELECT count(*)::int AS n FROM runs WHERE completed_at IS NULL',
  );
  await house.start(server.url);
  return { server, rtoS: (Date.now() - began) / 1_000, owed: owed?.n ?? 0 };
}
