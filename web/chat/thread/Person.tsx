import { memo } from 'react';
import type { Message } from '../../sdk/types.ts';
import { Icon } from '../../shared/Icon.tsx';
import { Markdown } from '../../shared/markdown/Markdown.tsx';
import { t, when } from '../../shared/words.ts';

/** A message of a person who answers instead of the assistant. */
export const Person = memo(({ message: { agent, content, created_at } }: { message: Message }) => (
  <article aria-label={agent?.name ?? t('talk.person')} className="lazy-block flex gap-3">
    <span className="grid size-8 shrink-0 place-items-center rounded-full bg-raised text-accent">
      <Icon name="person" />
    </span>
    <div className="min-w-0 flex-1">
      <p className="flex items-baseline gap-2 text-sm">
        <span className="font-medium">{agent?.name ?? t('talk.person')}</span>
        <time dateTime={created_at} className="text-muted">
          {when(created_at)}
        </time>
      </p>
      <Markdown text={content} />
    </div>
  </article>
));
