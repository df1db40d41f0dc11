import { memo } from 'react';
import type { Message } from '../../sdk/types.ts';
import { Icon } from '../../shared/Icon.tsx';
import { Markdown } from '../../shared/markdown/Markdown.tsx';
import { t } from '../../shared/words.ts';

/** A message of a person who answers instead of the assistant. */
export const Person = memo(({ message }: { message: Message }) => (
  <article aria-label={t('talk.person')} className="lazy-block flex gap-3">
    <span className="grid size-8 shrink-0 place-items-center rounded-full bg-raised text-accent">
      <Icon name="person" />
    </span>
    <div className="min-w-0 flex-1 pt-0.5">
      <Markdown text={message.content} />
    </div>
  </article>
));
