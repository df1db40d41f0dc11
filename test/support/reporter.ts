import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Mocha's spec reporter; also names what is tried again, and writes `{passed, failed, skipped}` to the file TEST_SUMMARY. */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // Only where --retries is given: a test that passes the second time is named, so that nobody takes it for a sound one.
    runner.on('retry', (test, err) => console.log(`retried: ${test.fullTitle()}: ${err.message}`));
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const summary = { passed: passes, failed: failures, skipped: pending };
      if (process.env.TEST_SUMMARY) writeFileSync(process.env.TEST_SUMMARY, JSON.stringify(summary));
    });
  }
}
