/**
 * Mocha's root hooks. Every top-level `describe` begins with an empty database and an empty Redis, and must stop
 * the processes it started. At the end everything is closed, and nothing may keep this process alive.
 */
import { stop } from '../shared/base/stop.ts';
import { clean } from './support/database.ts';
import { takeTurns } from './support/turns.ts';
import { stopLeftOvers } from '../lab/kit/processes.ts';

const EXIT_WITHIN_MS = 10_000;

export const mochaHooks = {
  beforeAll(this: Mocha.Context): void {
    const root = this.test?.parent;
    for (const suite of root?.suites ?? []) {
      suite.beforeAll('begins with nothing', clean);
      // Runs before the suite's own `before` hooks, which may add rows.
      const hooks = hooksOf(suite);
      hooks.unshift(...hooks.splice(-1));
      suite.afterAll('leaves no process', stopLeftOvers);
    }
    if (root) takeTurns(root);
  },
  beforeEach(this: Mocha.Context): void {
    if ((this.currentTest as unknown as { currentRetry: () => number }).currentRetry() > 0) retried = true;
  },
  async afterAll(): Promise<void> {
    await stopLeftOvers();
    await stop();
    setTimeout(complain, EXIT_WITHIN_MS).unref();
  },
};

function hooksOf(suite: Mocha.Suite): unknown[] {
  return (suite as unknown as { _beforeAll: unknown[] })._beforeAll;
}

/** A try that failed may leave open what its last lines close. It is named as retried. */
let retried = false;

/** Fires only when something still holds the event loop: a leak in a test or in the application. */
function complain(): void {
  console.error(
    `Leak: the tests are over, but these keep the process alive: ${process.getActiveResourcesInfo()}`,
  );
  // Runs after Mocha's own listener, which sets the exit code.
  process.on('exit', () => {
    if (!retried) process.exitCode = 1;
  });
  process.exit();
}
