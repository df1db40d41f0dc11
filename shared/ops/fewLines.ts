import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

/** Log lines of one cause in a second. */
const LINES = 10;
const SECOND = 1_000;

type Said = { lines: number; more: number; timer: NodeJS.Timeout };
const said = new Map<string, Said>();

/**
 * Writes a log line that a client can cause at will, at most ten a second for each cause. One line at the second's end counts
 * the others.
 * @param whose the cause: a user, an address
 */
export function logFew(whose: string, write: () => void): void {
  const known = said.get(whose);
  const second = known ?? { lines: 0, more: 0, timer: setTimeout(() => end(whose), SECOND).unref() };
  if (known === undefined) said.set(whose, second);
  if (second.lines >= LINES) {
    second.more += 1;
    return;
  }
  second.lines += 1;
  write();
}

function end(whose: string): void {
  const second = said.get(whose);
  if (second === undefined) return;
  said.delete(whose);
  clearTimeout(second.timer);
  if (second.more > 0) log.info({ more: second.more }, `Lines of the same cause left out: ${second.more}`);
}

onStop('suppressed log lines', () => {
  for (const whose of said.keys()) end(whose);
});
