/** `npm run keys -- rotate|status`: see USAGE. */
import { parseArgs } from 'node:util';
import { command } from './services/command.ts';

const USAGE = `npm run keys -- rotate | status

Secrets in rows of DATABASE_URL are sealed under the first of DATA_KEYS, or without any under the first of
JWT_SECRET. Every key of both lists opens them.

rotate  seals every secret anew that is sealed under a later key. Put the new key in front of the list, restart
        all processes, then run this. It may be stopped and run again. After it the old keys may go.
status  counts the secrets by table, and changes nothing

Exits with 1 where a secret is left that no key of the lists opens.`;

await command('keys', main, 2);

async function main(): Promise<void> {
  const options = { help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  const [command, ...more] = positionals;
  if ((command !== 'rotate' && command !== 'status') || more.length > 0)
    throw new Error(`the command must be rotate or status\n\n${USAGE}`);
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { requireDataKeys } = await import('../shared/base/secretBox.ts');
  requireDataKeys();
  const { rotateKeys } = await import('../shared/privacy/keys.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const look = command === 'status';
    const done = await rotateKeys(look);
    for (const { table, sealed, current, unreadable } of done)
      console.log(
        `${table}: ${current} under the first key, ${sealed} ${look ? 'under a later one' : 'sealed anew'}, ${unreadable} unreadable`,
      );
    if (done.some(({ unreadable }) => unreadable > 0)) {
      console.error(
        'Some secrets are sealed under a key that is in neither list: put it back, or make them anew',
      );
      process.exitCode = 1;
    }
  } finally {
    await stop();
  }
}
