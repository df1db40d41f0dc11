import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { publicPath } from '../middleware/origin.ts';

/** A built file, with its compressed forms. */
export type BuiltFile = { type: string; etag: string; plain: Buffer; br?: Buffer; gzip?: Buffer };

const DIST = join(import.meta.dirname, '../../web/dist');
/** `npm run web` writes it last. */
const STAMP = join(DIST, 'sources.txt');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

let files: Map<string, BuiltFile> | undefined;

/**
 * Returns a file of `web/dist`, or undefined. All files are read at the first request, so that a name in a request never
 * reaches the file system. Until there is a build, each request looks again.
 * @param path such as `assets/chat-B1x.js`
 */
export function builtFile(path: string): BuiltFile | undefined {
  if (files === undefined && existsSync(STAMP)) files = readAll();
  return files?.get(path);
}

function readAll(): Map<string, BuiltFile> {
  const paths = globSync('**/*', { cwd: DIST }).filter((path) => TYPES[extname(path)] !== undefined);
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), read(path)]));
}

function read(path: string): BuiltFile {
  const raw = readFileSync(join(DIST, path));
  const type = TYPES[extname(path)] ?? '';
  // Pages name their parts relative to their own place in the build. They are served at many paths.
  const isPage = path.endsWith('.html');
  const plain = isPage ? Buffer.from(rooted(raw.toString())) : raw;
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  if (isPage) return { type, etag, plain };
  const [br, gzip] = ['br', 'gz'].map((end) => join(DIST, `${path}.${end}`));
  return {
    type,
    etag,
    plain,
    ...(existsSync(br ?? '') && { br: readFileSync(br ?? '') }),
    ...(existsSync(gzip ?? '') && { gzip: readFileSync(gzip ?? '') }),
  };
}

function rooted(page: string): string {
  return page.replaceAll(/(href|src)="(?:\.\.\/)+/g, `$1="${publicPath('/')}`);
}
