import { Type } from 'typebox';
import { refreshFrame } from '../auth/schemas.ts';
import { chatEvents } from '../chat/contract.ts';
import type { ClientEvent } from '../contract/contract.ts';
import { time } from '../contract/fields.ts';
import { messageEvents } from '../messages/contract.ts';
import { runClientEvents } from '../runs/contract.ts';

/** All that clients may say over Socket.IO. */
export const clientEvents: Record<string, ClientEvent> = {
  ...chatEvents,
  ...runClientEvents,
  ...messageEvents,
  refresh: {
    summary:
      'A newer access token of the same sign-in: without one the socket is closed when its token runs out',
    frame: Type.Unsafe(refreshFrame.schema as object),
    answer: Type.Object({ expires_at: time }),
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  },
};
