/** `node test/support/loaded.ts FILE`: loads a file of the project, prints what was loaded with it as JSON. */
import { registerHooks } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const loaded = new Set<string>();
registerHooks({
  load: (url, context, next) => {
    if (url.startsWith('file:')) loaded.add(named(relative('.', fileURLToPath(url))));
    return next(url, context);
  },
});
await import(resolve(process.argv[2] ?? ''));
process.stdout.write(JSON.stringify([...loaded]), () => process.exit());

/** Returns the package of a file, such as node_modules/koa; a file of ours as it is. */
function named(path: string): string {
  return /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path;
}
