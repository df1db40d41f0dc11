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
