import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The last commit before the first tag. */
const BEFORE_TAGS = '83aa4328';

export type Release = {
  name: string;
  root: string;
  /** Whether its `web` is ready on a newer schema: older releases are not, but answer. */
  readyOnNewer: boolean;
  remove: () => void;
};

/**
 * Checks out the release before this one: PREVIOUS_RELEASE, else the newest tag behind HEAD, else the last commit
 * before the first tag. Returns null where this clone has none of them, as a shallow clone may.
 */
export async function checkOutPreviousRelease(): Promise<Release | null> {
  const name = await previousRelease();
  if (name === undefined) return null;
  const root = mkdtempSync(join(tmpdir(), 'parley-previous-'));
  const { code, stderr } = await runCommand('bash', [
    '-c',
    'set -eo pipefail; git -c safe.directory="*" archive "$1" | tar -x -C "$2"',
    'bash',
    name,
    root,
  ]);
  if (code !== 0) throw new Error(stderr);
  await install(root);
  const migrate = readFileSync(join(root, 'db/migrate.ts'), 'utf8');
  return {
    name,
    root,
    readyOnNewer: migrate.includes('disableMigrationsListValidation'),
    remove: () => rmSync(root, { recursive: true }),
  };
}

async function previousRelease(): Promise<string | undefined> {
  const asked = process.env.PREVIOUS_RELEASE;
  const behind = await lines('tag', '--merged', 'HEAD', '--no-contains', 'HEAD', '--sort=-creatordate');
  // A shallow clone knows tags but not the commits between.
  const any = await lines('tag', '--no-contains', 'HEAD', '--sort=-creatordate');
  for (const name of [asked, behind[0], any[0], BEFORE_TAGS])
    if (name && (await lines('rev-parse', '--quiet', '--verify', `${name}^{commit}`)).length > 0) return name;
  return undefined;
}

async function lines(...args: string[]): Promise<string[]> {
  const { stdout } = await runCommand('git', ['-c', 'safe.directory=*', ...args]);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Installs the release's own dependencies, or uses ours where they are equal or its own cannot be installed. */
async function install(root: string): Promise<void> {
  const lockfile = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const own = join(root, 'node_modules');
  if (lockfile(root) !== lockfile('.')) {
    const { code, stderr } = await runCommand('sh', [join(root, 'scripts/ensure.sh')], {
      npm_config_prefer_offline: 'true',
    });
    if (code === 0) return;
    console.log(`      with the dependencies of this release: ${stderr.trim().split('\n').at(-1)}`);
    rmSync(own, { recursive: true, force: true });
  }
  symlinkSync(resolve('node_modules'), own);
}

/** Runs a command to its end, with any exit code. */
function runCommand(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 100_000_000 };
    execFile(command, args, options, (err, stdout, stderr) =>
      resolve({ code: err === null ? 0 : Number(err.code) || 1, stdout, stderr }),
    );
  });
}
