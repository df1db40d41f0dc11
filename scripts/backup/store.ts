import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encryption } from './crypt.ts';
import { settings } from './settings.ts';

/** What is known of a backup; it lies beside it as NAME.json. */
export type Manifest = {
  kind: 'dump' | 'base';
  name: string;
  file: string;
  started_at: string;
  finished_at: string;
  bytes: number;
  sha256: string;
  encryption: Encryption;
  server: string;
  /** Rows of each table at that moment; of dumps only. */
  counts?: Record<string, number>;
  /** The first WAL file that recovery needs; of base backups only. */
  first_wal?: string;
};

/** Makes a folder of the store, which its owner alone reads. Returns its path. */
export function folder(...parts: string[]): string {
  const path = join(settings.dir, ...parts);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Returns what there is, the newest first. */
export function list(kind?: Manifest['kind']): Manifest[] {
  return readdirSync(folder())
    .filter((file) => /^(dump|base)-.*\.json$/.test(file))
    .map((file) => JSON.parse(readFileSync(join(settings.dir, file), 'utf8')) as Manifest)
    .filter((one) => kind === undefined || one.kind === kind)
    .toSorted((a, b) => b.started_at.localeCompare(a.started_at));
}

/** Returns a backup by its name, or the newest. @throws Error where there is none */
export function find(kind: Manifest['kind'], name?: string): Manifest {
  const found = list(kind).find((one) => name === undefined || one.name === name);
  if (found === undefined)
    throw new Error(`there is no ${kind}${name === undefined ? '' : ` ${name}`} in ${settings.dir}`);
  return found;
}

/** Returns a name that sorts by time: dump-20261126T215500Z. */
export function nameAt(kind: Manifest['kind'], at: Date): string {
  return `${kind}-${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
}

/**
 * Writes a file under another name first, so that a half one is never taken for a backup, and syncs it to the disk.
 * @param fill writes the content into the stream
 */
export async function write(
  path: string,
  fill: (to: NodeJS.WritableStream & import('node:stream').Writable) => Promise<unknown>,
) {
  const part = `${path}.part`;
  const stream = createWriteStream(part, { mode: 0o600 });
  // The writer reports the error.
  stream.on('error', () => {});
  try {
    await fill(stream);
    const handle = await open(part, 'r+');
    await handle.sync();
    await handle.close();
    renameSync(part, path);
  } finally {
    // It may still be about to open the file.
    if (!stream.closed) await new Promise<void>((closed) => stream.once('close', () => closed()).destroy());
    rmSync(part, { force: true });
  }
}

/** Writes the manifest, which makes a backup count. */
export function note(manifest: Manifest): void {
  const path = join(folder(), `${manifest.name}.json`);
  writeFileSync(`${path}.part`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

export function pathOf({ file }: Manifest): string {
  return join(settings.dir, file);
}

export async function sizeAndHash(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { bytes: statSync(path).size, sha256: hash.digest('hex') };
}

/** @throws Error where the file is not what was written */
export async function expectWhole(manifest: Manifest): Promise<void> {
  if (!existsSync(pathOf(manifest))) throw new Error(`${manifest.file} is missing`);
  const { sha256 } = await sizeAndHash(pathOf(manifest));
  if (sha256 !== manifest.sha256) throw new Error(`${manifest.file} was damaged: its hash is another one`);
}

/** Removes a backup. The manifest goes first, so that half a backup never counts. */
export function remove(manifest: Manifest): void {
  rmSync(join(settings.dir, `${manifest.name}.json`), { force: true });
  rmSync(pathOf(manifest), { force: true });
}
