import { authEvents } from '../auth/contract.ts';
import { problemBody } from '../contract/problem.ts';
import { chatEvents } from '../chat/contract.ts';
import { importEvents } from '../faqs/import/contract.ts';
import { messageEvents } from '../messages/contract.ts';
import { runClientEvents, runEvents } from '../runs/contract.ts';

/** All events that clients may send over Socket.IO. */
export const clientEvents = { ...chatEvents, ...runClientEvents, ...messageEvents, ...authEvents };

/**
 * Events before the server closes a socket. After `token_expired` it closes the connection and not the socket. The default
 * client then dials again, with a fresh token of its `auth` function.
 */
const endingEvents = { token_expired: problemBody };

/** All events that the server sends over Socket.IO. */
export const serverEvents = { ...runEvents, ...importEvents, ...endingEvents };
