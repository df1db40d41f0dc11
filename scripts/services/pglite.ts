/**
 * Process entry, forked by database.ts: `pglite.ts <folder>|memory [port]`. Sends `{url}` or `{refused: reason}`
 * to its parent over IPC, and ends when the parent is gone.
 */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { lockHolder, takeLock } from './lock.ts';
import { servePostgres } from './pgwire.ts';

const folder = process.argv[2] ?? 'memory';
const inMemory = folder === 'memory';
// A terminal's Ctrl-C reaches the whole group; the parent ends this process after its clients.
process.on('SIGINT', () => {});

if (!inMemory) {
  mkdirSync(folder, { recursive: true });
  // Two servers on one folder would corrupt it silently.
  if (!takeLock(`${folder}.lock`)) {
    const holder = lockHolder(`${folder}.lock`);
    process.send?.({ refused: `${folder} is in use by process ${holder}` });
    process.exit(1);
  }
}

const db = await PGlite.create(inMemory ? 'memory://' : folder, {
  extensions: { vector },
  // The system caches the folder's files anyway. The default of 128 MB would stay in this process.
  ...(!inMemory && { startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'] }),
});
const server = await servePostgres(db, Number(process.argv[3] ?? 0));
const { port } = server.address() as AddressInfo;

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), 5000).unref();
  server.close();
  await db.close();
  process.exit(0);
}
process.on('disconnect', () => void end());
process.on('SIGTERM', () => void end());
process.send?.({ url: `postgres://postgres@127.0.0.1:${port}/postgres` });
