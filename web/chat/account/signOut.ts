import { session } from '../../shared/session.ts';
import { leave } from '../../shared/unsaved.ts';
import { finishDeletions } from '../data/conversations.ts';

/** Signs out, after a question where a form is not saved. What was deleted a moment ago is deleted at the server first. */
export function signOut(everywhere = false): void {
  leave(() => void finishDeletions().then(() => session.logout(everywhere)));
}
