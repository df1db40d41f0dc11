import type { Source } from './types.ts';

type Position = { run_id: number; conversation_id: number; attempt: number; seq: number };
type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };

/** The events of a run, live or from its log. */
export type RunEvent =
  | { event: 'run.status'; data: Position & { status: 'in_progress'; message_id: number; reply_id: number } }
  | { event: 'response.delta'; data: Position & { message_id: number; delta: string } }
  | { event: 'response.restart'; data: Position & { message_id: number } }
  | { event: 'response'; data: Position & Response }
  | {
      event: 'run.failed';
      data: Position & { message_id: number; error: { code: string; message: string }; content: string };
    }
  | { event: 'run.cancelled'; data: Position & { message_id: number; content: string } };
type Response = {
  type: 'response';
  content: string;
  message_id: number;
  timestamp: string;
  /** What the answer cites. */
  sources: Source[];
  /** What the model was given. */
  offered: Source[];
  usage: Usage | null;
  finish_reason: string | null;
};

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
