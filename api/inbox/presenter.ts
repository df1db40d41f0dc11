import type { InboxRow } from '../../db/models/inbox.ts';
import type { MessageRow } from '../../db/models/messageView.ts';
import { presentConversation, presentMessage } from '../contract/conversation.ts';

/** Writes a conversation as a list of the inbox shows it. */
export function presentItem(row: InboxRow, last: MessageRow | undefined) {
  return { ...presentHead(row), last_message: last === undefined ? null : presentMessage(last) };
}

/** Writes the fields that a list and a single conversation share. */
export function presentHead(row: InboxRow) {
  return {
    conversation: presentConversation(row),
    user: row.user,
    waiting_since: row.waiting_since?.toISOString() ?? null,
    unread: row.unread,
  };
}
