import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.ts';
import { type Manifest, list, remove } from './store.ts';

const DAY_MS = 86_400_000;

/** Removes what is older than it must be kept, and WAL that no base backup needs. The newest of each kind always stays. */
export function prune(now = new Date()): void {
  const [dumps, bases] = [list('dump'), list('base')];
  const stay = new Set([...staying(dumps, now), ...stayingBases(bases, now)]);
  for (const one of [...dumps, ...bases])
    if (!stay.has(one)) {
      remove(one);
      console.log(`removed ${one.name}`);
    }
  pruneWal(bases.filter((one) => stay.has(one)));
}

/** Dumps of BACKUP_KEEP_DAYS, and the newest of each of BACKUP_KEEP_WEEKS. @param dumps the newest first */
export function staying(dumps: Manifest[], now: Date): Manifest[] {
  const age = (one: Manifest) => now.getTime() - Date.parse(one.started_at);
  const weeks = new Set<number>();
  return dumps.filter((one, i) => {
    const week = Math.floor(Date.parse(one.started_at) / (7 * DAY_MS));
    const first = !weeks.has(week);
    weeks.add(week);
    return (
      i === 0 ||
      age(one) <= settings.keepDays * DAY_MS ||
      (first && age(one) <= settings.keepWeeks * 7 * DAY_MS)
    );
  });
}

/** Base backups of BACKUP_KEEP_DAYS, and the one before them, without which their first days could not be recovered. */
export function stayingBases(bases: Manifest[], now: Date): Manifest[] {
  const young = bases.filter(
    (one) => now.getTime() - Date.parse(one.started_at) <= settings.keepDays * DAY_MS,
  );
  return bases.slice(0, young.length + 1);
}

function pruneWal(bases: Manifest[]): void {
  const wal = join(settings.dir, 'wal');
  const first = bases.map((one) => one.first_wal ?? '').toSorted()[0];
  if (first === undefined || !existsSync(wal)) return;
  // The first eight digits are the timeline: WAL of another one is compared by its place alone.
  for (const file of readdirSync(wal))
    if (/^[0-9A-F]{24}\b/.test(file) && file.slice(8, 24) < first.slice(8)) rmSync(join(wal, file));
}
