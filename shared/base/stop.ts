import { env } from './env.ts';
import { log } from './log.ts';

type Hook = { name: string; fn: () => unknown };

const hooks: Hook[] = [];
let begun: Promise<void> | undefined;

/** Registers a hook that closes a resource. Call it where the resource is made. Hooks run one by one, the newest first. */
export function onStop(name: string, fn: () => unknown): void {
  hooks.push({ name, fn });
}

/** Says whether this process drains: it is not ready and begins nothing new. */
export function stopping(): boolean {
  return begun !== undefined;
}

/** Runs all hooks once, however often it is called. A hook that fails is logged, and the next one runs. */
export function stop(): Promise<void> {
  begun ??= runHooks();
  return begun;
}

/**
 * Makes SIGTERM, SIGINT and the end of the parent stop this process with exit code 0, within SHUTDOWN_GRACE_S. A forked
 * child ignores SIGINT: Ctrl-C reaches the whole group, and the parent decides the order.
 */
export function stopOnSignals(): void {
  process.on('SIGTERM', () => exitAfterStop('SIGTERM'));
  process.on('SIGINT', () => process.send === undefined && exitAfterStop('SIGINT'));
  process.on('disconnect', () => exitAfterStop('parent gone'));
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'Error not caught; the process exits');
    process.exit(1);
  });
}

async function runHooks(): Promise<void> {
  // `stopping()` must be true before the first hook runs.
  await Promise.resolve();
  for (const { name, fn } of hooks.toReversed()) {
    try {
      await fn();
    } catch (err) {
      log.error({ err, hook: name }, 'Stop hook failed; the others run');
    }
  }
}

function exitAfterStop(reason: string): void {
  if (stopping()) return;
  log.info({ reason }, 'Process stops');
  setTimeout(() => {
    log.warn('Grace period is over; the process exits');
    process.exit(0);
  }, env.SHUTDOWN_GRACE_S * 1000);
  stop().then(() => process.exit(0));
}
