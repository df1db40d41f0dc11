import type { ServerEvents } from '../../sdk/api.ts';
import { EMPTY } from '../../sdk/empty.ts';
import type { RunEvent } from '../../sdk/events.ts';
import { isTerminal } from '../../sdk/view.ts';
import type { Unsent } from '../../sdk/outbox.ts';
import type { Parley } from '../../sdk/parley.ts';
import type { Conversation, Message, Taken } from '../../sdk/types.ts';
import { patchConversation, reloadConversation, reloadConversations } from './conversations.ts';
import { addMessages, isLoaded, patchMessage, reloadMessages } from './messages.ts';
import { heardNotification, reloadNotifications } from './notifications.ts';
import { queries } from './queries.ts';
import { setTyping } from './typing.ts';

/** Applies the server's pushes to what is loaded. Returns a function that stops it. */
export function keepPatched(parley: Parley): () => void {
  const ends = [
    parley.on('sent', ({ message, taken }) => addSent(message, taken)),
    parley.on('run', ({ event }) => patchRun(event)),
    parley.on('event', ({ event, data }) => patchEvent(event, data, parley.outbox.list())),
    parley.on('connected', () => {
      reloadMessages();
      reloadConversations();
      reloadNotifications();
      reloadConversation();
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function addSent({ content, conversation }: Unsent, taken: Taken): void {
  const { conversation_id, message_id, reply_id, run_id } = taken;
  const created_at = new Date().toISOString();
  const mine: Message = {
    ...EMPTY,
    created_at,
    id: message_id,
    conversation_id,
    content,
    run_id,
    status: 'sent',
  };
  const reply: Message = {
    ...EMPTY,
    created_at,
    id: reply_id ?? 0,
    conversation_id,
    run_id,
    message_type: 'assistant',
  };
  // A message that joined an earlier run has the reply that is there already.
  const added: Message[] = reply_id === null ? [mine] : [reply, mine];
  addMessages(conversation_id, added, typeof conversation === 'string');
  reloadConversations();
}

function patchRun(event: RunEvent): void {
  const { conversation_id } = event.data;
  if (event.event === 'run.status') {
    const { reply_id } = event.data;
    // Another device asked.
    if (isLoaded(conversation_id, reply_id) === false) reloadMessages(conversation_id);
    else patchMessage(conversation_id, reply_id, { status: 'streaming' });
  }
  if (!isTerminal(event) || !('content' in event.data)) return;
  const { content, message_id, run_id } = event.data;
  const status = ({ 'run.failed': 'failed', 'run.cancelled': 'cancelled' } as const)[event.event as string];
  if (isLoaded(conversation_id, message_id) === false) reloadMessages(conversation_id);
  else patchMessage(conversation_id, message_id, { content, status: status ?? 'delivered' });
  void queries.invalidateQueries({ queryKey: ['run', run_id] });
  reloadConversation(conversation_id);
  reloadConversations();
}

function patchEvent(event: string, data: unknown, unsent: Unsent[]): void {
  if (event === 'message') {
    const { conversation_id, message } = data as { conversation_id: number; message: Message };
    // This page sent the message, and shows it until the server confirms it.
    const sending = ({ content, refused }: Unsent) => content === message.content && refused === undefined;
    if (message.message_type === 'user' && unsent.some(sending)) return;
    addMessages(conversation_id, [message], false);
    setTyping(conversation_id, false);
    reloadConversations();
  }
  if (event === 'conversation.updated')
    patchConversation((data as { conversation: Conversation }).conversation);
  if (event === 'typing') {
    const { conversation_id, by } = data as ServerEvents['typing'];
    if (by === 'agent') setTyping(conversation_id, true);
  }
  if (event === 'notification') heardNotification(data as ServerEvents['notification']);
}
