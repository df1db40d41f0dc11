import { createReadStream } from 'node:fs';
import { connect, expectSame } from './counts.ts';
import { canDecrypt, decrypts } from './crypt.ts';
import { noted } from './noted.ts';
import { through } from './pipe.ts';
import { startScratch } from './scratch.ts';
import { expectWhole, find, pathOf } from './store.ts';

/**
 * Compares a dump with its hash, restores it into a scratch server and compares the rows.
 * @throws Error at the first difference
 */
export async function check(name: string | undefined): Promise<void> {
  const manifest = find('dump', name);
  await expectWhole(manifest);
  if (!canDecrypt(manifest.encryption)) {
    console.log(`${manifest.name}: the hash is right; the private key is elsewhere, so nothing was restored`);
    return;
  }
  const scratch = await startScratch();
  try {
    await through(
      createReadStream(pathOf(manifest)),
      [decrypts(manifest.encryption), ['pg_restore', '--exit-on-error', '--no-owner', '-d', scratch.url]],
      null,
    );
    expectSame(manifest.counts ?? {}, await scratch.counts());
  } finally {
    await scratch.stop();
  }
  if (process.env.DATABASE_URL) {
    const client = await connect(process.env.DATABASE_URL);
    await noted(client, 'check', manifest);
    await client.end();
  }
  console.log(`${manifest.name}: restored for a trial, and every table has its rows`);
}
