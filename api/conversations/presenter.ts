import type { ConversationRow } from '../../db/models/conversation.ts';
import type { MessageRow } from '../../db/models/messageView.ts';

/** A conversation as its owner sees it. */
export function presentConversation(conversation: ConversationRow) {
  return {
    id: conversation.id,
    user_id: conversation.user_id,
    title: conversation.title,
    language: conversation.language,
    context: conversation.context,
    tags: conversation.tags,
    message_count: conversation.message_count,
    duration_seconds: conversation.duration_seconds,
    total_tokens: conversation.total_tokens,
    is_active: conversation.is_active,
    is_archived: conversation.is_archived,
    created_at: conversation.created_at.toISOString(),
    updated_at: conversation.updated_at.toISOString(),
    last_message_at: conversation.last_message_at.toISOString(),
  };
}

/** A message as its owner sees it. */
export function presentMessage(message: MessageRow) {
  return {
    id: message.id,
    conversation_id: message.conversation_id,
    user_id: message.user_id,
    content: message.content,
    message_type: message.message_type,
    status: message.status,
    run_id: message.run_id,
    tokens_used: message.tokens_used,
    model_used: message.model_used,
    response_time_ms: message.response_time_ms,
    metadata: message.metadata,
    created_at: message.created_at.toISOString(),
    delivered_at: message.delivered_at?.toISOString() ?? null,
    read_at: message.read_at?.toISOString() ?? null,
    replaces_id: message.replaces_id,
    replaced_by: message.replaced_by,
    feedback: message.feedback,
  };
}
