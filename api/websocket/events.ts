import { anything, count, flag, id, list, named, object, oneOf, orNull, text, time } from '../docs/schema.ts';
import { source, usage } from '../contract/answering.ts';

const place = { run_id: id, conversation_id: id, message_id: id, attempt: count, seq: id };

/** What goes out on a plain WebSocket, by its `type`; see frames.ts. */
export const webSocketFrames = {
  delta: named(
    'DeltaFrame',
    object(
      {
        type: oneOf('delta'),
        delta: text,
        restart: { ...flag, description: 'true: drop what was shown' },
        ...place,
      },
      ['restart'],
    ),
  ),
  response: named(
    'ResponseFrame',
    object({
      type: oneOf('response'),
      content: text,
      timestamp: time,
      ...place,
      sources: list(source),
      usage: orNull(usage),
      finish_reason: orNull(text),
    }),
  ),
  /** The answer to `refresh`: the connection may stay that long. */
  refreshed: named('RefreshedFrame', object({ type: oneOf('refreshed'), expires_at: time })),
  /** Of a run that failed or was cancelled, or of a frame that was refused: that has a status. */
  error: named(
    'ErrorFrame',
    object(
      {
        type: oneOf('error'),
        code: text,
        message: text,
        ...place,
        content: text,
        status: count,
        errors: list(anything),
        retry_after_s: count,
      },
      [...Object.keys(place), 'content', 'status', 'errors', 'retry_after_s'],
    ),
  ),
};
