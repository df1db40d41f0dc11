import { createReadStream } from 'node:fs';
import { connect, countRows, expectSame } from './counts.ts';
import { decrypts } from './crypt.ts';
import { apart, through } from './pipe.ts';
import { settings } from './settings.ts';
import { expectWhole, find, pathOf } from './store.ts';

/** Restores a dump into an empty database and compares the rows. @throws Error where the database has tables */
export async function restoreDump(name: string | undefined): Promise<void> {
  const manifest = find('dump', name);
  const command = decrypts(manifest.encryption);
  await expectWhole(manifest);
  const client = await connect(settings.databaseUrl);
  try {
    if (Object.keys(await countRows(client)).length > 0)
      throw new Error('the database of DATABASE_URL has tables: restore into an empty one');
    const { url, env } = apart(settings.databaseUrl);
    const into = ['pg_restore', '--exit-on-error', '--single-transaction', '--no-owner', '-d', url] as const;
    await through(createReadStream(pathOf(manifest)), [command, [...into]], null, env);
    expectSame(manifest.counts ?? {}, await countRows(client));
  } finally {
    await client.end();
  }
  console.log(`restored ${manifest.name}, as of ${manifest.started_at}`);
}
