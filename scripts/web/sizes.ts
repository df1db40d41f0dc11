import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST } from './build.ts';

/** What a page may load before it shows something, in bytes as gzip sends them. */
const BUDGETS = [
  { what: 'chat', page: 'chat/index.html', budget: 180_000 },
  { what: 'admin', page: 'admin/index.html', budget: 230_000 },
  { what: 'widget', page: 'widget/index.html', budget: 20_000 },
  { what: 'widget.js', page: 'widget.js', budget: 2_000 },
];

type Size = { what: string; bytes: number; budget: number };

/** Measures what each page of the build loads first; nothing without a build. */
export function sizes(): Size[] {
  return BUDGETS.filter(({ page }) => existsSync(join(DIST, page))).map(({ what, page, budget }) => ({
    what,
    budget,
    bytes: partsOf(page).reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0),
  }));
}

export function faultsOfSizes(): string[] {
  return sizes()
    .filter(({ bytes, budget }) => bytes > budget)
    .map(
      ({ what, bytes, budget }) => `${what} loads ${bytes} bytes first, more than its budget of ${budget}`,
    );
}

/** Returns the page itself with the scripts and style sheets that it names. */
function partsOf(page: string): string[] {
  const file = join(DIST, page);
  if (!page.endsWith('.html')) return [file];
  const names = [...readFileSync(file, 'utf8').matchAll(/(?:href|src)="([^"]+\.(?:js|css))"/g)];
  return [file, ...names.map(([, name = '']) => join(file, '..', name))];
}
