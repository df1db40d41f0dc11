/** `npm run restore`: see USAGE. */
import { parseArgs } from 'node:util';
import { command } from './services/command.ts';

const USAGE = `npm run restore -- dump [NAME] | base [NAME] --data FOLDER [--until TIME] | after

dump   restores a dump of BACKUP_DIR (the newest without a NAME) into the empty database DATABASE_URL, compares the rows, and
       then does what \`after\` does
base   unpacks a base backup into FOLDER, the data folder of a stopped server, which replays the WAL when it starts:
       --until '2026-11-26 21:55:00+00' the state of that moment; without it all that was kept
after  once a server has recovered, on DATABASE_URL: brings the schema up to date, empties the Redis of REDIS_URL, and erases
       again who was erased since the backup (BACKUP_DIR/ledger/erasures.jsonl)

--ledger FILE   another ledger; --no-ledger: there is none
Stop all processes first. The settings are those of npm run backup; encrypted backups need BACKUP_AGE_IDENTITY or gpg's key.`;

await command('restore', main);

async function main(): Promise<number> {
  const options = {
    data: { type: 'string' },
    until: { type: 'string' },
    ledger: { type: 'string' },
    'no-ledger': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [command = '', name] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { restoreDump } = await import('./backup/restoreDump.ts');
  const { restoreBase } = await import('./backup/restoreBase.ts');
  const { afterwards } = await import('./backup/afterwards.ts');
  const ledger = values['no-ledger'] ? null : values.ledger;
  if (command === 'after') await afterwards(ledger);
  else if (command === 'dump') {
    await restoreDump(name);
    await afterwards(ledger);
  } else if (command === 'base' && values.data !== undefined)
    await restoreBase(name, values.data, values.until);
  else {
    console.error(USAGE);
    return 2;
  }
  return 0;
}
