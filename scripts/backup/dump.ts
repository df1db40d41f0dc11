import { PassThrough } from 'node:stream';
import { connect, countRows, expectSame } from './counts.ts';
import { encrypts, encryption, SUFFIX } from './crypt.ts';
import { writeLedger } from './ledger.ts';
import { noted } from './noted.ts';
import { apart, throwFirst, through, twice } from './pipe.ts';
import { startScratch } from './scratch.ts';
import { settings } from './settings.ts';
import { type Manifest, folder, nameAt, note, pathOf, sizeAndHash, write } from './store.ts';

/**
 * Dumps the database as of one moment. The rows of each table are counted in the same snapshot.
 * @param trial restores the same bytes into a scratch server meanwhile, and compares the rows
 */
export async function dump(trial: boolean): Promise<Manifest> {
  const by = encryption();
  const began = new Date();
  const name = nameAt('dump', began);
  folder();
  const client = await connect(settings.databaseUrl);
  const scratch = trial ? await startScratch() : null;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ snapshot: string; server: string }>(
      `SELECT pg_export_snapshot() AS snapshot, current_setting('server_version') AS server`,
    );
    const { snapshot = '', server = '' } = rows[0] ?? {};
    const file = `${name}.dump${SUFFIX[by]}`;
    const manifest: Manifest = {
      kind: 'dump',
      name,
      file,
      started_at: began.toISOString(),
      finished_at: '',
      bytes: 0,
      sha256: '',
      encryption: by,
      server,
    };
    await write(pathOf(manifest), async (to) => {
      const dumped = new PassThrough();
      const [kept, tried] = scratch === null ? [dumped, null] : twice(dumped);
      const { url, env } = apart(settings.databaseUrl);
      const command = ['-Fc', '--no-owner', '--no-acl', '--no-comments', `--snapshot=${snapshot}`, '-d', url];
      const flows = [
        through(null, [['pg_dump', ...command]], dumped, env),
        through(kept, [encrypts(by)], to),
      ];
      if (tried !== null && scratch !== null)
        flows.push(
          through(tried, [['pg_restore', '--exit-on-error', '--no-owner', '-d', scratch.url]], null),
        );
      // Waits for all, so that nothing goes on behind an error.
      throwFirst(await Promise.allSettled(flows));
    });
    manifest.counts = await countRows(client);
    if (scratch !== null) expectSame(manifest.counts, await scratch.counts());
    Object.assign(manifest, await sizeAndHash(pathOf(manifest)), { finished_at: new Date().toISOString() });
    await client.query('COMMIT');
    note(manifest);
    await writeLedger(client);
    await noted(client, 'dump', manifest);
    if (scratch !== null) await noted(client, 'check', manifest);
    console.log(`${name}: ${manifest.bytes} bytes${trial ? ', restored for a trial' : ''}`);
    return manifest;
  } finally {
    await client.end().catch(() => {});
    await scratch?.stop();
  }
}
