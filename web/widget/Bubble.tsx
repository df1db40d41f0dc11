/** @jsxRuntime classic */
/** @jsx h */
import { h } from 'preact';
import type { Message } from '../sdk/types.ts';
import { isOpen } from '../shared/heard.ts';
import { IconButton } from './IconButton.tsx';
import type { Talk } from './talk.ts';
import { Text } from './Text.tsx';
import { words } from './words.ts';

/** Waits for an act, and says so when it fails. */
export type Attempt = (work: Promise<unknown>, done?: () => void) => Promise<void>;
type BubbleProps = { message: Message; talk: Talk; attempt: Attempt };

export function Bubble({ message, talk, attempt }: BubbleProps) {
  const { content, message_type, status, feedback } = message;
  const [author, end] = [authorOf(message), endOf(message)];
  if (message_type === 'user')
    return (
      <article class="mine" aria-label={words.you}>
        <div class="bubble" dir="auto">
          {content}
        </div>
      </article>
    );
  const growing = isOpen(status);
  const rate = (rating: 'up' | 'down') => void attempt(talk.rate(message, rating));
  return (
    <article aria-label={author}>
      {message_type === 'agent' && <p class="muted name">{author}</p>}
      <div class="bubble theirs">
        {content === '' && growing ? <span class="muted">{words.thinking}</span> : <Text text={content} />}
        {end && <p class={status === 'failed' ? 'danger' : 'muted'}>{end}</p>}
      </div>
      {!growing && message_type === 'assistant' && content !== '' && (
        <div class="rate">
          <IconButton icon="good" aria-pressed={feedback === 'up'} onClick={() => rate('up')} />
          <IconButton icon="bad" aria-pressed={feedback === 'down'} onClick={() => rate('down')} />
        </div>
      )}
    </article>
  );
}

export function authorOf({ message_type, agent }: Message): string {
  return message_type === 'agent' ? (agent?.name ?? words.somebody) : words.answer;
}

/** Says how an answer ended that is not whole. */
export function endOf({ status }: Message): string | undefined {
  return { failed: words.failed, cancelled: words.stopped }[status as string];
}
