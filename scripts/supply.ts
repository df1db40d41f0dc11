/** `npm run supply`: see USAGE. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { audit } from './supply/audit.ts';
import { faultsOf } from './supply/packages.ts';

const USAGE = `npm run supply [-- --audit]

Checks the packages in package-lock.json: pinned by hashes, licences from a list (scripts/supply/packages.ts),
and no install script except those that allowScripts in package.json names. Part of npm run check.
  --audit      also asks the registry for known vulnerabilities; high and critical ones fail. An unreachable
               registry is reported and does not fail
  --root DIR   checks another project`;

const { values: options } = parseArgs({
  options: {
    audit: { type: 'boolean' },
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    help: { type: 'boolean' },
  },
});
if (options.help) console.log(USAGE);
else process.exitCode = await main(options.root);

async function main(root: string): Promise<number> {
  const faults = faultsOf(root);
  for (const fault of faults) console.error(`supply: ${fault}`);
  const vulnerable = options.audit ? await isVulnerable(root) : false;
  if (faults.length > 0 || vulnerable) return 1;
  console.log('supply: ok');
  return 0;
}

async function isVulnerable(root: string): Promise<boolean> {
  const found = await audit(root);
  if ('unreachable' in found) {
    // GitHub shows a line with this mark on the run's page.
    const mark = process.env.GITHUB_ACTIONS ? '::warning::' : '';
    console.log(`${mark}supply: vulnerabilities not looked up: ${found.unreachable}`);
    return false;
  }
  const counts = Object.entries(found.counts).filter(
    ([severity, count]) => severity !== 'total' && count > 0,
  );
  if (counts.length > 0)
    console.error(
      `supply: vulnerable packages: ${counts.map((pair) => pair.reverse().join(' ')).join(', ')}`,
    );
  return (found.counts.high ?? 0) + (found.counts.critical ?? 0) > 0;
}
