import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

/** A check of files below `root`, with faults that it must find. */
export type Step = {
  name: string;
  run: (root: string) => Promise<void>;
  faults: { file: string; from: string; to: string }[];
};

/** The tool is not on this machine and cannot be installed. */
export class MissingTool extends Error {}

/** Where scripts/deploy-check put the packages of deploy/tools. */
export const TOOLS = resolve('.cache/deploy/npm/node_modules');

/** Runs a command. @throws Error with what it said when it fails */
export function run(
  command: string,
  args: string[],
  { cwd, env, input }: { cwd?: string; env?: Record<string, string | undefined>; input?: string } = {},
): Promise<string> {
  return new Promise((done, fail) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64_000_000 };
    const child = execFile(command, args, options, (err, stdout, stderr) => {
      if (err === null) return done(stdout);
      if (err.code === 'ENOENT') return fail(new MissingTool(`${command} is not installed`));
      fail(new Error(`${command} ${args.join(' ')}: ${`${stderr}${stdout}`.trim().slice(-1_500)}`));
    });
    child.stdin?.end(input);
  });
}

/** @throws Error that lists what is wrong, if anything is */
export function expectNone(wrongs: string[]): void {
  if (wrongs.length > 0) throw new Error(wrongs.join('; '));
}
