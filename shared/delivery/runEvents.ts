import type { Source, Usage } from '../../db/models/runView.ts';

export type { Source, Usage };
export type RunError = { code: string; message: string };

type Position = { run_id: number; conversation_id: number; attempt: number; seq: number };
/** The events that clients get of a run, live or from the log. Each has its place in the log. */
export type RunEvent =
  | { event: 'run.status'; data: Position & { status: 'in_progress'; message_id: number; reply_id: number } }
  | { event: 'response.delta'; data: Position & { message_id: number; delta: string } }
  | { event: 'response.restart'; data: Position & { message_id: number } }
  | { event: 'response'; data: Position & Response }
  | { event: 'run.failed'; data: Position & { message_id: number; error: RunError; content: string } }
  | { event: 'run.cancelled'; data: Position & { message_id: number; content: string } };
type Response = {
  type: 'response';
  content: string;
  message_id: number;
  timestamp: string;
  sources: Source[];
  offered: Source[];
  usage: Usage | null;
  finish_reason: string | null;
};

const TERMINAL: readonly string[] = ['response', 'run.failed', 'run.cancelled'];
export function isTerminal({ event }: RunEvent): boolean {
  return TERMINAL.includes(event);
}

/** Returns an attempt's first seq: 1, then attempt × 1,000,000, so that newer attempts sort behind older ones. */
export function firstSeq(attempt: number): number {
  return attempt === 1 ? 1 : attempt * 1_000_000;
}

/** An ended run's row with its reply's text, for the terminal event. */
export type EndedRun = {
  id: number;
  user_id: number;
  conversation_id: number;
  reply_id: number;
  status: string;
  attempt: number;
  last_seq: number;
  content: string;
  sources: Source[];
  offered: Source[];
  usage: Usage | null;
  finish_reason: string | null;
  error: RunError | null;
  completed_at: Date;
};

/** Returns the terminal event of an ended run, the same for every caller. */
export function terminalEvent(run: EndedRun): RunEvent {
  const shared = {
    run_id: run.id,
    conversation_id: run.conversation_id,
    attempt: run.attempt,
    seq: run.last_seq + 1,
    message_id: run.reply_id,
    content: run.content,
  };
  if (run.status === 'cancelled') return { event: 'run.cancelled', data: shared };
  if (run.status === 'failed') {
    const error = run.error ?? { code: 'internal_error', message: 'The answer failed.' };
    return { event: 'run.failed', data: { ...shared, error } };
  }
  const { finish_reason } = run;
  // Sets a fixed order of fields: a row's values have that of jsonb.
  const usage = run.usage && inOrder(run.usage, ['prompt_tokens', 'completion_tokens', 'total_tokens']);
  const [sources, offered] = [run.sources, run.offered].map((list) =>
    list.map((source) => inOrder(source, ['faq_id', 'question', 'similarity'])),
  ) as [Source[], Source[]];
  const timestamp = run.completed_at.toISOString();
  return {
    event: 'response',
    data: { ...shared, type: 'response', timestamp, sources, offered, usage, finish_reason },
  };
}

function inOrder<T extends object, Name extends keyof T>(object: T, names: Name[]): Pick<T, Name> {
  return Object.fromEntries(names.map((name) => [name, object[name]])) as Pick<T, Name>;
}
