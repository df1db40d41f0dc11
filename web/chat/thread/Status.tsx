import { useEffect, useRef, useState } from 'react';
import type { Conversation } from '../../sdk/types.ts';
import { dateTime, t } from '../../shared/words.ts';
import { useTyping } from '../data/typing.ts';
import { Rating } from './Rating.tsx';

/** Names the person who answers or has answered. Asks for a rating at the end. */
export function Status({ conversation }: { conversation: Conversation | undefined }) {
  const typing = useTyping(conversation?.id);
  const returned = useReturned(conversation);
  const text = textOf(conversation, typing, returned);
  return (
    <>
      <p
        role="status"
        className={text === '' ? 'sr-only' : 'rounded-xl bg-raised px-4 py-2 text-center text-sm'}
      >
        {text}
      </p>
      {conversation?.status === 'resolved' && <Rating key={conversation.id} conversation={conversation.id} />}
    </>
  );
}

/** Says whether a person gave the conversation back to the assistant while it was looked at. */
function useReturned(conversation: Conversation | undefined): boolean {
  const { id, status } = conversation ?? {};
  const before = useRef({ id, status });
  const [returned, setReturned] = useState(false);
  useEffect(() => {
    const was = before.current;
    before.current = { id, status };
    const withPerson = was.id === id && (was.status === 'waiting' || was.status === 'agent');
    if (was.status !== status) setReturned(withPerson && status === 'bot');
  }, [id, status]);
  return returned;
}

function textOf(conversation: Conversation | undefined, typing: boolean, returned: boolean): string {
  const { agent, status, available_at } = conversation ?? {};
  const name = agent?.name;
  if (typing && status === 'agent') return t('talk.typing', { name: name ?? t('talk.person') });
  if (status === 'waiting')
    return available_at ? t('talk.closed', { when: dateTime(available_at) }) : t('talk.waiting');
  if (status === 'agent') return name ? t('talk.agent', { name }) : t('talk.agentUnnamed');
  if (status === 'resolved') return t('talk.resolved');
  return returned ? t('talk.returned') : '';
}
