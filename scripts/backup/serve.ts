import { setTimeout as sleep } from 'node:timers/promises';
import { base } from './base.ts';
import { connect } from './counts.ts';
import { encryption } from './crypt.ts';
import { dump } from './dump.ts';
import { writeLedger } from './ledger.ts';
import { prune } from './prune.ts';
import { settings } from './settings.ts';
import { list } from './store.ts';
import { receive } from './wal.ts';

/** Ms from one round to the next: each writes the ledger and takes the backups that are due. */
const EVERY_MS = 300_000;
const HOUR_MS = 3_600_000;

/**
 * Takes backups, receives WAL, writes the ledger and removes old backups until SIGTERM. Logs a failure and tries again five
 * minutes later; the alert BackupOld fires when that goes on.
 */
export async function serve(): Promise<void> {
  encryption();
  const ends = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ends.abort());
  const receiving = settings.replicates
    ? receive(ends.signal).catch((error: unknown) => {
        console.error(`WAL is not received: ${error instanceof Error ? error.message : error}`);
        process.exit(1);
      })
    : Promise.resolve(
        console.error('BACKUP_REPLICATION_URL is not set: dumps only, no recovery to a point in time'),
      );
  while (!ends.signal.aborted) {
    await tried('the ledger', ledger);
    if (settings.replicates && isDue('base', settings.baseEveryDays * 24)) await tried('a base backup', base);
    if (isDue('dump', settings.everyHours)) await tried('a dump', () => dump(true));
    await tried('old backups', async () => prune());
    await sleep(EVERY_MS, undefined, { signal: ends.signal }).catch(() => {});
  }
  await receiving;
}

function isDue(kind: 'dump' | 'base', hours: number): boolean {
  const [newest] = list(kind);
  return newest === undefined || Date.now() - Date.parse(newest.started_at) >= hours * HOUR_MS;
}

async function ledger(): Promise<void> {
  const client = await connect(settings.databaseUrl);
  await writeLedger(client).finally(() => client.end());
}

async function tried(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}
