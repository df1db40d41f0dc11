import { authEvents } from '../auth/contract.ts';
import { chatEvents } from '../chat/contract.ts';
import { importEvents } from '../faqs/import/contract.ts';
import { messageEvents } from '../messages/contract.ts';
import { runClientEvents, runEvents } from '../runs/contract.ts';

/** All that clients may say over Socket.IO. */
export const clientEvents = { ...chatEvents, ...runClientEvents, ...messageEvents, ...authEvents };

/** All that they hear. */
export const serverEvents = { ...runEvents, ...importEvents };
