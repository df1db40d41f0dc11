import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';
import type { Summary } from '../../scripts/test.ts';

/** Mocha's spec reporter; also names what is tried again, and writes a `Summary` to the file TEST_SUMMARY. */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const files: Record<string, number> = {};
    const failures: string[] = [];
    // A top-level `describe` runs alone, its hooks included.
    let began = 0;
    runner.on('suite', (suite) => {
      if (suite.parent?.root) began = Date.now();
    });
    runner.on('suite end', (suite) => {
      if (!suite.parent?.root || suite.file === undefined) return;
      const file = relative(process.cwd(), suite.file);
      files[file] = (files[file] ?? 0) + Math.round((Date.now() - began) / 1000);
    });
    runner.on('fail', (test, err) => {
      const file = test.file ?? test.parent?.file;
      failures.push(
        `${file ? `${relative(process.cwd(), file)}: ` : ''}${test.fullTitle()}: ${firstLine(err.message)}`,
      );
    });
    // Only where --retries is given: a test that passes the second time is named, so that nobody takes it for a sound one.
    runner.on('retry', (test, err) => console.log(`retried: ${test.fullTitle()}: ${err.message}`));
    runner.once('end', () => {
      const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {};
      const summary: Summary = { passed: passes, failed, skipped: pending, files, failures };
      if (process.env.TEST_SUMMARY) writeFileSync(process.env.TEST_SUMMARY, JSON.stringify(summary));
    });
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 300);
}
