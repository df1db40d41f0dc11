import { globSync, statSync } from 'node:fs';
import { reaches } from './reaches.ts';

/** Number of lanes that begin with neither browsers nor faults. Tests mostly wait. */
const LANES = 2;
/** Starts the product's processes. Such a file takes this many ms more than one a byte. */
const STARTS = /^test.(flows|model|clients)/;
const STARTING = 15_000;
/** What reaches none of these does the same on any database. Processes may use one that no import shows. */
const STORES = ['knex', 'pg', 'node:child_process'];

export type Choice = {
  /** Adds test/faults. */
  faults: boolean;
  /** Leaves out what a second run on another database would only repeat: browsers, and what reaches no database. */
  stores: boolean;
};

/**
 * Returns which files each lane may run, in its order: those that take long first, so that the lanes end together. A file is in
 * several lists, and the first lane that comes to it takes it. One lane begins with the browser's, and another helps it once
 * nothing else is left: two browsers are as much as two cores bear. One begins with the faults, which mostly wait for leases and
 * time limits to run out.
 */
export function lanesOf({ faults, stores }: Choice): string[][] {
  const common = found('test/**/*.test.ts', ['test/browser/**', 'test/faults/**']).filter(
    (file) => !stores || reaches(file, STORES),
  );
  const browser = stores ? [] : found('test/browser/**/*.test.ts');
  const failing = faults ? found('test/faults/**/*.test.ts') : [];
  const lanes = Array.from({ length: LANES }, () => [...common, ...failing]);
  lanes[0]?.push(...browser);
  if (browser.length > 0) lanes.push([...browser, ...common, ...failing]);
  if (failing.length > 0) lanes.push([...failing, ...common]);
  return lanes;
}

function found(pattern: string, exclude: string[] = []): string[] {
  return globSync(pattern, { exclude })
    .map((file) => ({ file, weight: statSync(file).size + (STARTS.test(file) ? STARTING : 0) }))
    .toSorted((a, b) => b.weight - a.weight || (a.file < b.file ? -1 : 1))
    .map(({ file }) => file);
}
