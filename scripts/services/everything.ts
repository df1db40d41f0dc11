import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lazily } from '../../shared/base/lazily.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A package that a file loads at its first use. */
const LAZY = /(?<!typeof )\b(import|lazily)\('([^'.][^']*)'\)/g;

/**
 * Loads every file of the product, and the packages that load at first use.
 * @param programs files that start what they name; they are left out
 * @throws what the first file that does not load throws
 */
export async function loadEverything(programs: string[]): Promise<void> {
  const files = globSync('{api,workers,shared,db,scripts/backup}/**/*.ts', {
    cwd: ROOT,
    exclude: ['**/*.d.ts', ...programs],
  });
  for (const file of files) {
    await import(join(ROOT, file));
    for (const [, how = '', name = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(LAZY)) {
      if (how === 'lazily') lazily(name);
      else await import(name);
    }
  }
}
