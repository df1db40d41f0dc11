import { createRequire } from 'node:module';

/** Loads a package at its first use. A process at rest then does not hold what it rarely needs. */
export const lazily = createRequire(import.meta.url);
