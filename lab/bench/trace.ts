/**
 * Preloaded into the processes that a message passes through. Notes when each statement, command and call to the provider began
 * and ended, and answers 'trace' on IPC with the Steps since the last answer. Changes nothing else.
 */
import { channel } from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import pg from 'pg';

/** Times in ms since the epoch. */
export type Step = { process: string; what: string; began: number; ended: number };

const name = process.argv.slice(2).join(' ') || 'web';
const MOST = 20_000;
let steps: Step[] = [];

function note(what: string, began: number): void {
  steps.push({ process: name, what, began, ended: now() });
  if (steps.length > MOST) steps.shift();
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function traced(this: pg.Client, ...args: unknown[]) {
  const began = now();
  const [statement, done] = [args[0] as { text?: string } | string, args.at(-1)];
  const text = typeof statement === 'string' ? statement : (statement.text ?? '');
  if (typeof done !== 'function') return Reflect.apply(query, this, args);
  const wrapped = (...results: unknown[]) => {
    note(labelOf(text), began);
    return Reflect.apply(done, undefined, results);
  };
  return Reflect.apply(query, this, [...args.slice(0, -1), wrapped]);
} as typeof query;

/** Names a statement after its function, or by its first words. */
function labelOf(text: string): string {
  const words = text.trim().replaceAll(/\s+/g, ' ');
  return (
    /FROM (\w+\()/.exec(words)?.[1]?.concat(')') ??
    /(UPDATE|INSERT INTO) \w+ SET \w+|^.{1,40}/.exec(words)?.[0] ??
    ''
  );
}

const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function traced(this: Redis, ...args: Parameters<typeof sendCommand>) {
  const began = now();
  const [{ name: command, args: operands, promise }] = args;
  const key = command === 'evalsha' ? operands[2] : operands[0];
  const end = () => note(`${command} ${String(key ?? '').slice(0, 40)}`, began);
  // A worker that waits for jobs is not a step of a message.
  if (command !== 'bzpopmin') promise.then(end, end);
  return Reflect.apply(sendCommand, this, args);
};

const called = new WeakMap<object, number>();
channel('undici:request:create').subscribe((event) => {
  called.set((event as { request: object }).request, now());
});
channel('undici:request:headers').subscribe((event) => {
  const { request } = event as { request: { origin?: string; path?: string } };
  note(`provider ${request.path ?? ''}`, called.get(request) ?? now());
});

process.on('message', (message) => {
  if (message !== 'trace') return;
  process.send?.(steps);
  steps = [];
});
process.channel?.unref();
