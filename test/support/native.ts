/** True on PostgreSQL itself. PGlite runs one transaction at a time, which hides races. */
export const onNative = process.env.TEST_DATABASE === 'native';

/** `it` on native PostgreSQL, skipped on PGlite: for tests of races, locks and timeouts. */
export const itNative: Mocha.TestFunction | Mocha.PendingTestFunction = onNative ? it : it.skip;
