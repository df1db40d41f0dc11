import { connect } from './counts.ts';
import { encrypts, encryption, SUFFIX } from './crypt.ts';
import { writeLedger } from './ledger.ts';
import { noted } from './noted.ts';
import { apart, through } from './pipe.ts';
import { settings } from './settings.ts';
import { type Manifest, folder, nameAt, note, pathOf, sizeAndHash, write } from './store.ts';

/** Takes a base backup as one compressed tar file. The WAL that recovery needs with it is kept by `receive`. */
export async function base(): Promise<Manifest> {
  const by = encryption();
  const began = new Date();
  const name = nameAt('base', began);
  folder();
  const client = await connect(settings.databaseUrl);
  try {
    // The backup begins with a checkpoint, so recovery begins here or later.
    const { rows } = await client.query<{ server: string; wal: string }>(
      `SELECT current_setting('server_version') AS server, pg_walfile_name(pg_current_wal_lsn()) AS wal`,
    );
    const manifest: Manifest = {
      kind: 'base',
      name,
      file: `${name}.tar.gz${SUFFIX[by]}`,
      started_at: began.toISOString(),
      finished_at: '',
      bytes: 0,
      sha256: '',
      encryption: by,
      server: rows[0]?.server ?? '',
      first_wal: rows[0]?.wal ?? '',
    };
    const { url, env } = apart(settings.replicationUrl);
    await write(pathOf(manifest), async (to) => {
      const command = ['-d', url, '-D', '-', '-Ft', '-X', 'none', '-c', 'fast', '--gzip'];
      await through(null, [['pg_basebackup', ...command], encrypts(by)], to, env);
    });
    Object.assign(manifest, await sizeAndHash(pathOf(manifest)), { finished_at: new Date().toISOString() });
    note(manifest);
    await writeLedger(client);
    await noted(client, 'base', manifest);
    console.log(`${name}: ${manifest.bytes} bytes, needs WAL from ${manifest.first_wal}`);
    return manifest;
  } finally {
    await client.end().catch(() => {});
  }
}
