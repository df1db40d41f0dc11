import type { ServerEvents } from './api.ts';

type RunEventName =
  | 'run.status'
  | 'response.delta'
  | 'response.restart'
  | 'response'
  | 'run.failed'
  | 'run.cancelled';

/** The events of a run, live or from its log. */
export type RunEvent = { [Name in RunEventName]: { event: Name; data: ServerEvents[Name] } }[RunEventName];

export const RUN_EVENTS: RunEvent['event'][] = [
  'run.status',
  'response.delta',
  'response.restart',
  'response',
  'run.failed',
  'run.cancelled',
];

const TERMINAL: readonly string[] = ['response', 'run.failed', 'run.cancelled'];
export function isTerminal({ event }: RunEvent): boolean {
  return TERMINAL.includes(event);
}

/** Returns an attempt's first seq: 1, then attempt × 1,000,000, so that newer attempts sort behind older ones. */
export function firstSeq(attempt: number): number {
  return attempt === 1 ? 1 : attempt * 1_000_000;
}
