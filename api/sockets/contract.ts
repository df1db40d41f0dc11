import { analyticsClientEvents, analyticsEvents } from '../analytics/contract.ts';
import { authEvents } from '../auth/contract.ts';
import { problemBody } from '../contract/problem.ts';
import { conversationEvents } from '../conversations/contract.ts';
import { chatEvents } from '../chat/contract.ts';
import { importEvents } from '../faqs/import/contract.ts';
import { inboxClientEvents } from '../inbox/contract.ts';
import { messageEvents } from '../messages/contract.ts';
import { notificationEvents } from '../notifications/contract.ts';
import { runClientEvents, runEvents } from '../runs/contract.ts';

export const clientEvents = {
  ...chatEvents,
  ...runClientEvents,
  ...messageEvents,
  ...inboxClientEvents,
  ...authEvents,
  ...analyticsClientEvents,
};

/**
 * Events before the server closes a socket. After `token_expired` the server closes the connection and not the socket. The
 * default client then dials again, with a fresh token from its `auth` function.
 */
const endingEvents = { token_expired: problemBody };

export const serverEvents = {
  ...runEvents,
  ...importEvents,
  ...notificationEvents,
  ...conversationEvents,
  ...analyticsEvents,
  ...endingEvents,
};
