/** True on PostgreSQL itself; PGlite runs one transaction at a time and so hides races. */
export const onNative = process.env.TEST_DATABASE === 'native';

/** `it` on native PostgreSQL, counted as skipped on PGlite: for tests of races, locks and timeouts. */
export const itNative: Mocha.TestFunction | Mocha.PendingTestFunction = onNative ? it : it.skip;
