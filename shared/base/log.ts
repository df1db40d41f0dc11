import { AsyncLocalStorage } from 'node:async_hooks';
import pino from 'pino';
import pinoPretty from 'pino-pretty';
import { env } from './env.ts';

type LogContext = Record<string, string | number | null | undefined>;
const contexts = new AsyncLocalStorage<LogContext>();

/** Runs `work`. Every line logged within it carries these ids. */
export function withLogContext<T>(ids: LogContext, work: () => T): T {
  return contexts.run({ ...ids }, work);
}

/** Adds ids to all further lines of the present context. */
export function addLogContext(ids: LogContext): void {
  Object.assign(contexts.getStore() ?? {}, ids);
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
    serializers: { err: presentError },
    mixin: () => contexts.getStore() ?? {},
    hooks: {
      logMethod(args, method, level) {
        for (const tell of listeners) tell(pino.levels.labels[level] ?? '');
        method.apply(this, args);
      },
    },
  },
  process.stdout.isTTY ? pinoPretty({ colorize: true, ignore: 'pid', sync: true }) : pino.destination(1),
);

/**
 * Returns what a log may show of an error. Other fields may hold whole rows (`detail` of Postgres) or headers (the
 * model's SDK).
 */
function presentError(err: unknown): Record<string, unknown> {
  if (!(err instanceof Error)) return { message: String(err) };
  const { code, status, cause } = err as Error & { code?: unknown; status?: unknown };
  return {
    type: err.name,
    message: err.message,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    stack: err.stack,
    ...(cause !== undefined && { cause: presentError(cause) }),
  };
}
