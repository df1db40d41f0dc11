import { createReadStream, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { decrypts } from './crypt.ts';
import { through } from './pipe.ts';
import { settings } from './settings.ts';
import { type Manifest, expectWhole, find, list, pathOf } from './store.ts';

/** A time as people write it: with a zone, so that no server's zone decides. */
const TIME = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$/;

/**
 * Unpacks a base backup into the data folder of a stopped server and tells the server where its WAL is.
 * @param name undefined: the newest from before `until`
 * @param until undefined: all the WAL that was kept
 */
export async function restoreBase(
  name: string | undefined,
  data: string,
  until: string | undefined,
): Promise<void> {
  if (until !== undefined && !TIME.test(until))
    throw new Error("--until must be a time with its zone, such as '2026-11-26 21:55:00+00'");
  if (existsSync(data) && readdirSync(data).length > 0) throw new Error(`${data} must be empty`);
  const manifest = name === undefined ? newestBefore(until) : find('base', name);
  if (until !== undefined && new Date(manifest.finished_at) > new Date(until))
    throw new Error(`${manifest.name} ended after ${until}: name an older one`);
  await expectWhole(manifest);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  await through(
    createReadStream(pathOf(manifest)),
    [decrypts(manifest.encryption), ['tar', '-xzf', '-', '-C', data]],
    null,
  );
  const script = join(resolve(data), 'restore-wal.sh');
  writeFileSync(script, walScript(manifest), { mode: 0o755 });
  const target =
    until === undefined
      ? ''
      : `recovery_target_time = '${asServerReads(until)}'\nrecovery_target_action = promote\n`;
  await appendFile(join(data, 'postgresql.auto.conf'), `restore_command = '"${script}" %f "%p"'\n${target}`);
  writeFileSync(join(data, 'recovery.signal'), '');
  console.log(
    `unpacked ${manifest.name} into ${data}: start the server, and run npm run restore -- after when it takes writes`,
  );
}

/** PostgreSQL reads its settings before it knows names of zones, `Z` among them. */
function asServerReads(time: string): string {
  return time.replace('T', ' ').replace(/Z$/, '+00');
}

function newestBefore(until: string | undefined): Manifest {
  const found = list('base').find(
    (one) => until === undefined || new Date(one.finished_at) <= new Date(until),
  );
  if (found === undefined)
    throw new Error(`there is no base backup from before ${until ?? 'now'} in ${settings.dir}`);
  return found;
}

/** The server runs it for each WAL file. The last one may be only partial. */
function walScript({ encryption }: Manifest): string {
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const ends = { age: '.age', gpg: '.gpg', none: '' }[encryption];
  return `#!/bin/sh
# restore_command of npm run restore: puts the WAL file $1 to $2.
for file in "$1.gz${ends}" "$1.partial.gz${ends}"; do
  from=${quoted(resolve(settings.dir, 'wal'))}/$file
  if [ -f "$from" ]; then
    ${decrypts(encryption).map(quoted).join(' ')} <"$from" | gzip -dc >"$2.part" && mv "$2.part" "$2" && exit 0
    exit 1
  fi
done
exit 1
`;
}
