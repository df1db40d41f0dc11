import type { Manifest } from '../../scripts/backup/store.ts';
import { emptyServer, eraseSomebody, script, startHouse, verdict } from './house.ts';
import type { Outcome } from './outcome.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Dumps under load with its trial, loses the database and Redis' truth, and restores the dump. */
export async function dumpDrill(rate: number, seconds: number, encrypted: boolean): Promise<Outcome> {
  const house = await startHouse(encrypted);
  const stops = [house.stop];
  try {
    await house.start();
    const before = await house.traffic(seconds, rate);
    const [during] = await Promise.all([
      house.traffic(seconds, rate),
      script('backup', ['dump', '--trial'], house.env()),
    ]);
    const erased = await eraseSomebody(house);
    const manifest = dumpOf(house.env().BACKUP_DIR ?? '');
    // The ledger of a later moment, as the service writes it every five minutes.
    await script('backup', ['dump'], { ...house.env(), BACKUP_DIR: join(house.folder, 'later') });
    const ledger = join(house.folder, 'later', 'ledger', 'erasures.jsonl');
    const after = await house.traffic(seconds, rate);
    await house.kill();
    const lost = Date.now();
    const server = await emptyServer();
    stops.push(server.stop);
    const env = house.env(server.url);
    await script('restore', ['dump', manifest.name, '--ledger', ledger], env);
    const [owed] = await server.rows<{ n: number }>(
      'SELECT count(*)::int AS n FROM runs WHERE completed_at IS NULL',
    );
    await house.start(server.url);
    const rtoS = (Date.now() - lost) / 1_000;
    const accepted = before.accepted + during.accepted + after.accepted - erased.messages;
    const found = await verdict(server, erased.pseudonym);
    const [stored] = await server.rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM messages WHERE message_type = 'user'`,
    );
    const mine = stored?.n ?? 0;
    return {
      drill: `dump${encrypted ? ', encrypted' : ''}`,
      accepted,
      missing: Math.max(0, accepted - mine),
      rpoS: (lost - Date.parse(manifest.started_at)) / 1_000,
      rtoS,
      answeredAfter: owed?.n ?? 0,
      ...found,
      wrong: [],
    };
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

function dumpOf(dir: string): Manifest {
  const file = readdirSync(dir).find((name) => name.endsWith('.json')) ?? '';
  return JSON.parse(readFileSync(join(dir, file), 'utf8')) as Manifest;
}
