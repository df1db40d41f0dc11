import { AsyncLocalStorage } from 'node:async_hooks';
import pino from 'pino';
import type pinoPretty from 'pino-pretty';
import { env } from './env.ts';
import { lazily } from './lazily.ts';

type LogFields = Record<string, string | number | null | undefined>;
const fields = new AsyncLocalStorage<LogFields>();

/** Runs `work`. Every line logged within it carries these ids. */
export function withLogFields<T>(ids: LogFields, work: () => T): T {
  return fields.run({ ...ids }, work);
}

/** Adds ids to all further lines of the present work. */
export function addLogFields(ids: LogFields): void {
  Object.assign(fields.getStore() ?? {}, ids);
}

const listeners: ((level: string) => void)[] = [];

/** Calls `tell` with the level of each line that is logged from now on. */
export function onLogLine(tell: (level: string) => void): void {
  listeners.push(tell);
}

/** The logger: JSON lines on stdout, readable lines on a terminal. Lines never hold content or an e-mail address. */
export const log = pino(
  {
    level: env.LOG_LEVEL,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (err: unknown) => presentError(err) },
    mixin: () => fields.getStore() ?? {},
    hooks: {
      logMethod(args, method, level) {
        for (const tell of listeners) tell(pino.levels.labels[level] ?? '');
        method.apply(this, args);
      },
    },
  },
  process.stdout.isTTY ? readable() : pino.destination(1),
);

function readable(): pinoPretty.PrettyStream {
  const pretty = lazily('pino-pretty') as typeof pinoPretty;
  return pretty({ colorize: true, ignore: 'pid', sync: true });
}

/** Bounds of a logged error: frames of its stack, characters of its message, causes within causes. */
const FRAMES = 20;
const MESSAGE = 2_000;
const CAUSES = 4;

/**
 * Returns what a log may show of an error, within bounds. Other fields may hold whole rows (`detail` of Postgres) or
 * headers (the model's SDK).
 * @param shown the frames of the errors that it caused; they are not repeated
 */
export function presentError(err: unknown, shown: string[] = [], depth = 0): Record<string, unknown> {
  if (!(err instanceof Error)) return { message: String(err).slice(0, MESSAGE) };
  const { code, status, cause } = err as Error & { code?: unknown; status?: unknown };
  const frames = framesOf(err);
  return {
    type: err.name,
    message: err.message.slice(0, MESSAGE),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    stack: frames.filter((frame) => !shown.includes(frame)).join('\n'),
    ...(cause !== undefined &&
      depth < CAUSES && { cause: presentError(cause, [...shown, ...frames], depth + 1) }),
  };
}

/** Returns the stack's lines `at …`, without the message before them. */
function framesOf(err: Error): string[] {
  const lines = typeof err.stack === 'string' ? err.stack.split('\n') : [];
  return lines.filter((line) => line.startsWith('    at ')).slice(0, FRAMES);
}
