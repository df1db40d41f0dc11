import { useEffect, useState } from 'react';
import type { Message } from '../../sdk/types.ts';
import { Ear } from '../../shared/heard.ts';
import { say } from '../../shared/speaker.ts';
import { spoken } from '../../shared/spoken.ts';
import { t } from '../../shared/words.ts';
import { isOpen } from '../data/messages.ts';

/**
 * Tells screen readers what comes, once. The log itself is silent: it would read old messages that are loaded, and buttons, but
 * no answer that grew.
 * @param messages those of the conversation; undefined while they are loaded
 */
export function Spoken({ messages }: { messages: Message[] | undefined }) {
  const [ear] = useState(() => new Ear());
  useEffect(() => {
    if (messages === undefined) return;
    const news = ear.hear(messages).map(wordsOf);
    if (news.length > 0) say(news.join(' '));
  }, [ear, messages]);
  return null;
}

function wordsOf({ message_type, status, content, agent }: Message): string {
  if (isOpen(status)) return t('reply.thinking');
  if (message_type === 'agent') return `${agent?.name ?? t('talk.person')}: ${spoken(content)}`;
  if (status === 'failed') return t('reply.failed');
  if (status === 'cancelled') return t('reply.cancelled');
  return `${t('talk.answer')}: ${spoken(content)}`;
}
