import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '../..');
export const DIST = join(ROOT, 'web/dist');
/** What the build was made of. Written last: a folder without it is not a build. */
const STAMP = 'sources.txt';
/** Smaller files do not become smaller. */
const LEAST_BYTES = 1_024;

/** Says whether web/dist was built from the sources as they are now. */
export function isFresh(): boolean {
  const stamp = join(DIST, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOfSources();
}

/** Builds the pages into a folder of its own, which then takes the place of web/dist. */
export async function buildWeb(): Promise<void> {
  const began = Date.now();
  const hash = hashOfSources();
  const folder = `${DIST}-${process.pid}`;
  // Vite is not in the image.
  const { build } = await import('vite');
  try {
    const pages = { configFile: join(ROOT, 'web/vite.config.ts'), logLevel: 'warn' as const };
    // The service worker learns from the manifest what to keep.
    await build({ ...pages, build: { ...of(folder, 'chat', 'admin'), manifest: true } });
    // By itself the widget has no part of what only the other pages use, and compresses as one.
    await build({
      ...pages,
      build: { ...of(folder, 'widget'), emptyOutDir: false, copyPublicDir: false, modulePreload: false },
    });
    await build({ configFile: false, root: ROOT, logLevel: 'warn', build: loader(folder) });
    const define = { PARTS: JSON.stringify(partsOfChat(folder)), RELEASE: JSON.stringify(hash.slice(0, 12)) };
    await build({ configFile: false, root: ROOT, logLevel: 'warn', define, build: worker(folder) });
    compress(folder);
    writeFileSync(join(folder, STAMP), hash);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(folder, DIST);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`web: built in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

/** Says which pages to build, and where to. */
function of(outDir: string, ...pages: string[]) {
  const input = Object.fromEntries(pages.map((page) => [page, join(ROOT, `web/${page}/index.html`)]));
  return { outDir, emptyOutDir: true, rolldownOptions: { input } };
}

/** The widget's loader is one plain script, because other sites name it. */
function loader(outDir: string) {
  const entry = join(ROOT, 'web/widget/loader.ts');
  const lib = { entry, formats: ['iife' as const], name: 'parleyWidget', fileName: () => 'widget.js' };
  return { outDir, emptyOutDir: false, copyPublicDir: false, target: 'es2022', lib };
}

/** The service worker is one plain script at the root, because its place bounds what it sees. */
function worker(outDir: string) {
  const entry = join(ROOT, 'web/worker/worker.ts');
  const lib = { entry, formats: ['iife' as const], name: 'parleyWorker', fileName: () => 'sw.js' };
  return { outDir, emptyOutDir: false, copyPublicDir: false, target: 'es2022', lib };
}

type Chunk = { file: string; css?: string[]; imports?: string[]; dynamicImports?: string[] };
const MANIFEST = '.vite/manifest.json';

/** Returns the files that the chat page may ask for, as Vite's manifest names them. The manifest itself is not served. */
function partsOfChat(folder: string): string[] {
  const chunks = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Record<string, Chunk>;
  const seen = new Set<string>();
  const parts = new Set(['manifest.webmanifest', 'icon.svg', 'icon-192.png']);
  const visit = (name: string): void => {
    const chunk = chunks[name];
    if (chunk === undefined || seen.has(name)) return;
    seen.add(name);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) parts.add(file);
    for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) visit(next);
  };
  visit('chat/index.html');
  rmSync(join(folder, '.vite'), { recursive: true });
  return [...parts];
}

function hashOfSources(): string {
  const files = globSync('web/**/*.{ts,tsx,css,html,json,svg,png,webmanifest}', {
    cwd: ROOT,
    exclude: (path) => /(^|\/)dist/.test(path),
  });
  const hash = createHash('sha256');
  for (const path of [...files.toSorted(), 'package-lock.json', 'scripts/web/build.ts'])
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  return hash.digest('hex');
}

/** Writes a file.br and a file.gz beside each file that shrinks. */
function compress(folder: string): void {
  for (const path of globSync('**/*.{js,css,svg,webmanifest}', { cwd: folder })) {
    const file = join(folder, path);
    const plain = readFileSync(file);
    if (plain.length < LEAST_BYTES) continue;
    writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    writeFileSync(`${file}.br`, brotliCompressSync(plain, { params }));
  }
}
