import { authEvents } from '../auth/contract.ts';
import { problemBody } from '../contract/problem.ts';
import { chatEvents } from '../chat/contract.ts';
import { importEvents } from '../faqs/import/contract.ts';
import { messageEvents } from '../messages/contract.ts';
import { runClientEvents, runEvents } from '../runs/contract.ts';

/** All that clients may say over Socket.IO. */
export const clientEvents = { ...chatEvents, ...runClientEvents, ...messageEvents, ...authEvents };

/**
 * What a socket hears before it is closed. After `token_expired` the connection is cut, not the socket: the default
 * client dials again by itself, with the token that its `auth` function gives then.
 */
const endingEvents = { token_expired: problemBody };

/** All that they hear. */
export const serverEvents = { ...runEvents, ...importEvents, ...endingEvents };
