import type { Message } from './types.ts';

/** A message that was just sent, before it is fetched. */
export const EMPTY: Message = {
  id: 0,
  conversation_id: 0,
  user_id: 0,
  content: '',
  message_type: 'user',
  status: 'pending',
  run_id: null,
  created_at: '',
  replaces_id: null,
  replaced_by: null,
  feedback: null,
  tokens_used: null,
  model_used: null,
  response_time_ms: null,
  metadata: {},
  delivered_at: null,
  read_at: null,
  agent: null,
};
