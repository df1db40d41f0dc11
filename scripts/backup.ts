/** `npm run backup`: see USAGE. */
import { parseArgs } from 'node:util';
import { command } from './services/command.ts';

const USAGE = `npm run backup -- dump [--trial] | base | wal | check [NAME] | prune | list | serve

Writes backups of DATABASE_URL to the folder BACKUP_DIR. docs/operations.md, Backups, says which to choose.

dump         pg_dump of one moment, with how many rows each table had then, and the ledger of erasures beside it
  --trial    restores the same bytes into a scratch server while they are written, and compares the rows
base         a base backup (pg_basebackup) for recovery to a point in time; needs BACKUP_REPLICATION_URL
wal          receives and keeps the write-ahead log until it is stopped; needs BACKUP_REPLICATION_URL
check NAME   compares a dump with its hash and, where it can be decrypted here, restores it into a scratch server and
             compares the rows; without NAME the newest
prune        removes what is older than it must be kept
list         prints what there is
serve        all of that, for ever: wal, the ledger every five minutes, a dump with its trial every BACKUP_EVERY_H (24),
             a base backup every BACKUP_BASE_EVERY_D (7) days

Encryption, one of:
  BACKUP_AGE_RECIPIENT   a public key of age; BACKUP_AGE_IDENTITY, the file of the private key, is for check and restore
  BACKUP_GPG_RECIPIENT   a key that gpg knows
  BACKUP_PLAIN=yes       none
BACKUP_KEEP_DAYS (14)    dumps, base backups and WAL of so many days are kept
BACKUP_KEEP_WEEKS (8)    and one dump of each of so many weeks
BACKUP_SCRATCH           the folder for trials; BACKUP_DIR/scratch
The commands of PostgreSQL must be of the server's major version or newer.`;

await command('backup', main);

async function main(): Promise<number> {
  const options = { trial: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [command = '', name] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { dump } = await import('./backup/dump.ts');
  const { base } = await import('./backup/base.ts');
  const { receive } = await import('./backup/wal.ts');
  const { check } = await import('./backup/check.ts');
  const { prune } = await import('./backup/prune.ts');
  const { list } = await import('./backup/store.ts');
  const { serve } = await import('./backup/serve.ts');
  const commands: Record<string, () => Promise<unknown>> = {
    dump: () => dump(values.trial ?? false),
    base,
    wal: () => receive(),
    check: () => check(name),
    prune: async () => prune(),
    list: async () => {
      for (const { name: each, finished_at, bytes, encryption } of list())
        console.log(`${each}\t${finished_at}\t${bytes} bytes\tencryption: ${encryption}`);
    },
    serve,
  };
  const chosen = commands[command];
  if (chosen === undefined) {
    console.error(USAGE);
    return 2;
  }
  await chosen();
  return 0;
}
