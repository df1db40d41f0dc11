import { presentProblem } from '../../shared/base/errors.ts';
import type { PeopleEvent } from '../../shared/delivery/peopleEvents.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';

/**
 * Presents an event of a run, or of a conversation with a person, as a frame of a plain WebSocket. A new attempt is a `delta`
 * without text and with `restart`: the client drops what earlier attempts showed.
 * @returns null for an event that plain WebSockets do not get
 */
export function presentEvent(pushed: RunEvent | PeopleEvent): object | null {
  switch (pushed.event) {
    case 'message': {
      const { conversation_id, message } = pushed.data;
      if (message.agent === null) return null;
      const { id: message_id, content, agent, created_at: timestamp } = message;
      return { type: 'agent', content, conversation_id, message_id, agent, timestamp };
    }
    case 'conversation.updated': {
      const { id: conversation_id, status, agent, available_at } = pushed.data.conversation;
      return { type: 'conversation', conversation_id, status, agent, available_at };
    }
    case 'typing':
      return { type: 'typing', ...pushed.data };
    case 'viewing':
    case 'inbox.updated':
      return null;
    default:
      return presentRunEvent(pushed);
  }
}

function presentRunEvent({ event, data }: RunEvent): object | null {
  const { run_id, conversation_id, message_id, attempt, seq } = data;
  const ids = { run_id, conversation_id, message_id, attempt, seq };
  switch (event) {
    case 'response.delta':
      return { type: 'delta', delta: data.delta, ...ids };
    case 'response.restart':
      return { type: 'delta', delta: '', restart: true, ...ids };
    case 'response': {
      const { content, timestamp, sources, offered, usage, finish_reason } = data;
      return { type: 'response', content, timestamp, ...ids, sources, offered, usage, finish_reason };
    }
    case 'run.failed':
      return { type: 'error', ...data.error, ...ids, content: data.content };
    case 'run.cancelled':
      return { type: 'error', ...CANCELLED, ...ids, content: data.content };
    default:
      return null;
  }
}

const CANCELLED = { code: 'cancelled', message: 'The answer was cancelled.' };

/** Presents what is wrong with a client's frame, with the `code` and `status` of the problem over HTTP. */
export function presentError(err: unknown): object {
  const { code, detail, status, errors, retry_after_s } = presentProblem(err, '');
  const more = { ...(errors && { errors }), ...(retry_after_s !== undefined && { retry_after_s }) };
  return { type: 'error', code, message: detail, status, ...more };
}
