/** `npm run web`: see USAGE. */
import { parseArgs } from 'node:util';
import { buildWeb, isFresh } from './web/build.ts';
import { faultsOfSizes, sizes } from './web/sizes.ts';
import { writeTypes } from './web/types.ts';

const USAGE = `npm run web [-- --if-stale | --sizes | --types]

Builds the pages of web/ into web/dist, with each asset also compressed.
  --if-stale   does nothing when the build is that of these sources
  --sizes      prints what each page loads first, and fails when that is over its budget; builds nothing
  --types      writes the client's types, web/sdk/api.ts, from the contracts of the API, as npm run write does; builds nothing`;

const { values: options } = parseArgs({
  options: {
    'if-stale': { type: 'boolean' },
    sizes: { type: 'boolean' },
    types: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) console.log(USAGE);
else if (options.sizes) process.exitCode = report();
else if (options.types) await writeTypes();
else if (!options['if-stale'] || !isFresh()) await buildWeb();

function report(): number {
  for (const { what, bytes, budget } of sizes())
    console.log(`${what}: ${(bytes / 1000).toFixed(1)} of ${budget / 1000} kB`);
  const faults = faultsOfSizes();
  for (const fault of faults) console.error(`web: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}
