import { closeSync, openSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Where the lanes of one `npm test` note which files they have taken; undefined when there is one lane. */
const TAKEN = process.env.TEST_TAKEN;

/**
 * Lets this lane run only those files that no other has taken, each of them taken when its turn comes. So the lanes end
 * together, however long each file takes.
 * @param root the suite of all files; Mocha has begun with it
 */
export function takeTurns(root: Mocha.Suite): void {
  if (TAKEN === undefined) return;
  const ours = new Map<string, boolean>();
  const isOurs = ({ file = '' }: { file?: string }): boolean => {
    // Without a file nothing tells the lanes apart: each runs it.
    if (file === '') return true;
    const decided = ours.get(file) ?? takes(file);
    ours.set(file, decided);
    return decided;
  };
  root.tests = root.tests.filter(isOurs);
  // Mocha asks for the suite after the present one by its place, when that has ended.
  root.suites = new Proxy(root.suites, {
    get(suites, key, all) {
      for (const i = Number(String(key)); Number.isInteger(i) && suites[i] && !isOurs(suites[i]); )
        suites.splice(i, 1);
      return Reflect.get(suites, key, all) as unknown;
    },
  });
}

/** Takes a file for this lane. @returns false: another lane has it */
function takes(file: string): boolean {
  try {
    closeSync(openSync(join(TAKEN ?? '', encodeURIComponent(relative(process.cwd(), file))), 'wx'));
    return true;
  } catch (err) {
    if ((err as { code?: string }).code === 'EEXIST') return false;
    throw err;
  }
}
