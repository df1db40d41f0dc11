import type { NotificationRow } from '../../db/models/notification.ts';

/** Returns a notification as its user sees it, in the list and as an event. */
export function presented({
  id,
  kind,
  conversation_id,
  message_id,
  data,
  created_at,
  read_at,
}: NotificationRow) {
  const { faq_id = null, session_id = null, export_id = null, webhook_id = null } = data;
  return {
    id,
    kind,
    conversation_id,
    message_id,
    faq_id,
    session_id,
    export_id,
    webhook_id,
    created_at: created_at.toISOString(),
    read_at: read_at?.toISOString() ?? null,
  };
}
