import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a file of the tree imports when it is loaded. Imports of types alone are left out. */
const IMPORT = /^(?:import|export)\b(?! type\b)(?:[^;'=(]*\bfrom)? *'([^']+)'|\bimport\('([^']+)'\)/gm;

const known = new Map<string, string[]>();

/** Says whether a file imports one of the packages, itself or through files of the tree. */
export function reaches(file: string, packages: string[]): boolean {
  const seen = new Set([file]);
  for (const one of seen) {
    for (const name of importsOf(one)) {
      if (packages.includes(name)) return true;
      const path = join(dirname(one), name);
      // A text that is code for elsewhere may name what is not here.
      if (name.startsWith('.') && /\.tsx?$/.test(name) && existsSync(path)) seen.add(path);
    }
  }
  return false;
}

function importsOf(file: string): string[] {
  const before = known.get(file);
  if (before) return before;
  const names = importsIn(readFileSync(file, 'utf8'));
  known.set(file, names);
  return names;
}

/** Returns what a program's text imports when it is loaded or later, types aside. */
export function importsIn(text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, name, late]) => name ?? late ?? '');
}
