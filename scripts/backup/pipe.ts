import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from './crypt.ts';

const DEBIAN = '/usr/lib/postgresql';

/** Takes the password out of a URL, because everybody may read arguments. Returns the rest, and the environment with it. */
export function apart(url: string): { url: string; env: Record<string, string> } {
  const parsed = new URL(url);
  const password = decodeURIComponent(parsed.password);
  parsed.password = '';
  return { url: parsed.href, env: password === '' ? {} : { PGPASSWORD: password } };
}

/** The environment of the commands: PostgreSQL's newest ones first, since older ones may not read newer servers. */
export function commandEnv(): NodeJS.ProcessEnv {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  return { ...process.env, PATH: [...versions.map((v) => `${DEBIAN}/${v}/bin`), process.env.PATH].join(':') };
}

/**
 * Pipes `from` through a chain of commands. Resolves to what they said on stderr, when all have ended well.
 * @param from null: the first command has no input
 * @param to null: the last command's output is dropped
 * @param env added to the environment of the commands
 * @throws Error with the end of what a failed command said: of the one that broke the others, where several failed
 */
export async function through(
  from: Readable | null,
  commands: Command[],
  to: Writable | null,
  env: Record<string, string> = {},
): Promise<string> {
  const started = commands.map((command) => start(command, env));
  const streams: Promise<unknown>[] = [];
  let before = from;
  for (const { child } of started) {
    if (before === null) child.stdin?.end();
    else if (child.stdin) streams.push(pipeline(before, child.stdin));
    before = child.stdout;
  }
  if (before !== null) streams.push(to === null ? drained(before) : pipeline(before, to));
  // All are awaited at once: one that fails while another runs is handled.
  const ends = Promise.allSettled(started.map(({ ended }) => ended));
  const pipes = await Promise.allSettled(streams);
  throwCause(await ends, pipes.slice(from === null ? 0 : 1));
  throwFirst(pipes);
  return started.map(({ said }) => said()).join('');
}

/** Throws what failed by itself, rather than what failed because a pipe behind it broke. */
export function throwFirst(results: PromiseSettledResult<unknown>[]): void {
  const reasons = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  if (reasons.length > 0) throw reasons.find((reason) => !BROKEN.has(codeOf(reason))) ?? reasons[0];
}

const BROKEN = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/**
 * Throws the failure of a command that did not start, or whose reader took all it wrote.
 * @param pipes the pipe behind each command
 */
function throwCause(ends: PromiseSettledResult<void>[], pipes: PromiseSettledResult<unknown>[]): void {
  throwFirst(ends.filter((end) => end.status === 'rejected' && end.reason instanceof NotStarted));
  throwFirst(ends.filter((_, n) => pipes[n]?.status === 'fulfilled'));
  // The last pipe's own reason, such as a full disk, says more than the commands that it broke.
  throwFirst(pipes.filter((one) => one.status === 'rejected' && !BROKEN.has(codeOf(one.reason))));
  const [broken] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
  if (broken !== undefined) throw Object.assign(broken, { code: 'EPIPE' });
}

class NotStarted extends Error {}

function codeOf(reason: unknown): string {
  return String((reason as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Copies a stream to two readers. The slower one holds the other back. */
export function twice(from: Readable): [Readable, Readable] {
  const [one, other] = [new PassThrough(), new PassThrough()];
  from.pipe(one);
  from.pipe(other);
  from.once('error', (err) => {
    one.destroy(err);
    other.destroy(err);
  });
  return [one, other];
}

type Started = { child: ChildProcess; ended: Promise<void>; said: () => string };

function start([name, ...args]: Command, env: Record<string, string>): Started {
  const child = spawn(name, args, { env: { ...commandEnv(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  // A reader that stops early ends first; `ended` throws its reason.
  child.stdin?.on('error', () => {});
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text = `${text}${chunk}`.slice(-4_000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (err: NodeJS.ErrnoException) =>
      reject(new NotStarted(err.code === 'ENOENT' ? `${name} is not installed` : err.message)),
    );
  });
  const closed = once(child, 'close').then(([code, signal]) => {
    const last = text.trim().split('\n').slice(-3).join(' ');
    if (code !== 0) throw new Error(`${name} failed: ${last || (signal ?? `exit code ${code}`)}`);
  });
  const ended = Promise.race([closed, failed]);
  ended.catch(() => {});
  closed.catch(() => {});
  return { child, ended, said: () => text };
}

async function drained(stream: Readable): Promise<void> {
  stream.resume();
  await once(stream, 'end');
}
