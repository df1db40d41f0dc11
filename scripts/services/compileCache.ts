import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The environment in which Node keeps what it compiled. A process then starts with a third less work, and needs
 * 26 MiB less: Node does not load what turns TypeScript into JavaScript. An entry is used only for the same text.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE:
    process.env.NODE_COMPILE_CACHE ||
    join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules/.cache/compile'),
};

/**
 * The option of Node for small machines: V8 keeps at most 12 MiB for young objects, not 96, and does not give back what it
 * once took. docs/performance.md says what that costs.
 */
export const SMALL_HEAP = '--max-semi-space-size=4';
