import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, encrypts, encryption, SUFFIX } from './crypt.ts';
import { apart, commandEnv, through } from './pipe.ts';
import { settings } from './settings.ts';
import { folder, write } from './store.ts';

/** The replication slot: the server keeps WAL that was not received yet. */
const SLOT = 'parley_backup';
/** Runs its arguments and ends them when stdin closes, which it does even when SIGKILL ends this process. */
const LEASH =
  'exec 3<&0; "$@" </dev/null & pid=$!; (cat <&3 >/dev/null; kill -INT $pid 2>/dev/null) & wait $pid';
/** How often received WAL is put into the store, and the wait before a lost connection is made anew, in ms. */
const [EVERY_MS, AGAIN_MS] = [10_000, 5_000];
const SEGMENT = /^[0-9A-F]{24}$/;
const PARTIAL = /^[0-9A-F]{24}\.partial$/;
const HISTORY = /^[0-9A-F]{8}\.history$/;

/**
 * Receives WAL into BACKUP_DIR/spool as it is written, and keeps each file compressed and encrypted in BACKUP_DIR/wal. The file
 * that is not full yet is kept anew every ten seconds, so that no more is lost with this machine. Goes on until `signal`
 * aborts.
 */
export async function receive(signal?: AbortSignal): Promise<void> {
  const by = encryption();
  const spool = folder('spool');
  let child: ChildProcess | undefined;
  const stop = () => child?.stdin?.end();
  signal?.addEventListener('abort', stop);
  process.once('SIGTERM', stop);
  await createSlot();
  const receiving = (async () => {
    while (signal?.aborted !== true) {
      child = startReceiver(spool);
      const [code] = (await once(child, 'close')) as [number | null];
      if (code === 0 || signal?.aborted) return;
      console.error('the server closed the stream of WAL; connecting again');
      await sleep(AGAIN_MS);
    }
  })();
  let going = true;
  void receiving.finally(() => (going = false));
  while (going) {
    await keepReceived(by, spool).catch((error: unknown) =>
      console.error(
        `WAL cannot be kept, and stays in the spool: ${error instanceof Error ? error.message : error}`,
      ),
    );
    await Promise.race([sleep(EVERY_MS), receiving]);
  }
  await keepReceived(by, spool);
}

async function createSlot(): Promise<void> {
  const { url, env } = apart(settings.replicationUrl);
  await through(
    null,
    [['pg_receivewal', '-d', url, '--slot', SLOT, '--create-slot', '--if-not-exists']],
    null,
    env,
  );
}

function startReceiver(spool: string): ChildProcess {
  const { url, env } = apart(settings.replicationUrl);
  const args = ['-d', url, '-D', spool, '--slot', SLOT, '--no-loop', '--status-interval=2'];
  return spawn('sh', ['-c', LEASH, 'sh', 'pg_receivewal', ...args], {
    env: { ...commandEnv(), ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

/** Sizes and times of partial files as they were kept last. */
const kept = new Map<string, string>();

/** Puts what was received into the store; full files leave the spool. */
async function keepReceived(by = encryption(), spool = folder('spool')): Promise<void> {
  const wal = folder('wal');
  for (const file of readdirSync(spool).toSorted()) {
    const from = join(spool, file);
    const full = SEGMENT.test(file) || HISTORY.test(file);
    if (!full && !PARTIAL.test(file)) continue;
    // The receiver renames a file that is full. One that is open already is read all the same.
    const opened = await open(from).catch(nothingThere);
    if (opened === null) continue;
    const { mtimeMs } = await opened.stat();
    const to = join(wal, `${file}.gz${SUFFIX[by]}`);
    const unchanged = full ? existsSync(to) : kept.get(file) === String(mtimeMs);
    const chain: Command[] = [['gzip', '-1'], encrypts(by)];
    if (unchanged) await opened.close();
    else await write(to, (stream) => through(opened.createReadStream(), chain, stream));
    if (!full && unchanged) continue;
    kept.set(file, String(mtimeMs));
    if (!full) continue;
    rmSync(from);
    rmSync(join(wal, `${file}.partial.gz${SUFFIX[by]}`), { force: true });
    kept.delete(`${file}.partial`);
  }
}

function nothingThere(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
