/** `npm run doctor`: see USAGE. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Finding } from './doctor/finding.ts';
import { command } from './services/command.ts';

const USAGE = `npm run doctor [-- --offline]

Checks an installation by its environment: settings, versions, ports, Postgres, Redis, models, mail, clocks, disk and
backups. Prints a line for each: what is, and what to do. Changes nothing, and sends no message.

--offline  asks neither the models nor the servers of mail

Exit codes: 0 all is well, or only notes; 1 something is wrong; 2 the doctor itself failed.`;

/** How long the doctor waits for its connections to close. */
const STOP_MS = 2_000;
const MARK = { well: 'ok   ', note: 'note ', wrong: 'WRONG' } as const;

await command('doctor', main, 2);
// Ends here: a client of a store that does not answer may dial forever.
process.exit();

async function main(): Promise<number> {
  const options = { offline: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  // What goes wrong is printed here.
  process.env.LOG_LEVEL = 'silent';
  const refused = refusal();
  if (refused !== undefined) {
    show({
      area: 'settings',
      state: 'wrong',
      says: refused,
      todo: 'correct it: .env.example explains each variable',
    });
    return 1;
  }
  const [{ settings }, { machine }, { stores }, { outside }, { stop }] = await Promise.all([
    import('./doctor/settings.ts'),
    import('./doctor/machine.ts'),
    import('./doctor/stores.ts'),
    import('./doctor/outside.ts'),
    import('../shared/base/stop.ts'),
  ]);
  let wrong = 0;
  for (const look of [settings, machine, stores, ...(values.offline ? [] : [outside])])
    for (const finding of await look()) {
      show(finding);
      if (finding.state === 'wrong') wrong += 1;
    }
  await Promise.race([stop(), new Promise((later) => setTimeout(later, STOP_MS))]);
  console.log(wrong === 0 ? 'nothing is wrong' : `${wrong} wrong`);
  return wrong === 0 ? 0 : 1;
}

/** Returns the line with which processes refuse this environment; undefined when they start with it. */
function refusal(): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/doctor/refuse.ts'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return (
    stderr
      .replaceAll(/^parley: /gm, '')
      .trim()
      .split('\n')
      .at(-1) || 'the settings cannot be read'
  );
}

function show({ area, state, says, todo }: Finding): void {
  console.log(
    `${MARK[state]} ${area.padEnd(9)} ${says}${todo === undefined ? '' : `\n${' '.repeat(16)}→ ${todo}`}`,
  );
}
