import { memo, type ReactNode, useMemo, useState } from 'react';
import type { Message, Source } from '../../sdk/types.ts';
import { IconButton } from '../../shared/controls.tsx';
import { Icon } from '../../shared/Icon.tsx';
import { Markdown } from '../../shared/markdown/Markdown.tsx';
import { translated } from '../../shared/enter/useForm.ts';
import { t } from '../../shared/words.ts';
import { isOpen } from '../data/messages.ts';
import { useRunText } from '../data/parley.tsx';
import { Actions } from './Actions.tsx';
import { useRun } from './useRun.ts';

type Props = { versions: Message[]; onSource: (source: Source) => void };
const NO_SOURCES: Source[] = [];

/** An answer of the assistant: as it grows, or whole with its sources. Earlier answers lie behind it. */
export const Reply = memo(
  ({ versions, onSource }: Props) => {
    const [chosen, setChosen] = useState<number>();
    const index = chosen ?? versions.length - 1;
    const message = versions[Math.min(index, versions.length - 1)];
    if (message === undefined) return null;
    return (
      <article
        aria-label={t('talk.answer')}
        aria-busy={isOpen(message.status)}
        className={`grid grid-cols-[minmax(0,1fr)] gap-2 ${isOpen(message.status) ? '' : 'lazy-block'}`}
      >
        <Body message={message} isNewest={index >= versions.length - 1} onSource={onSource}>
          {versions.length > 1 && <Versions index={index} count={versions.length} onChoose={setChosen} />}
        </Body>
      </article>
    );
  },
  (before, after) =>
    before.onSource === after.onSource &&
    before.versions.length === after.versions.length &&
    before.versions.every((message, i) => message === after.versions[i]),
);

type BodyProps = {
  message: Message;
  isNewest: boolean;
  onSource: Props['onSource'];
  children: ReactNode;
};

function Body({ message, isNewest, onSource, children }: BodyProps) {
  const live = useRunText(message.run_id);
  const growing = isOpen(message.status);
  const text = growing ? (live ?? message.content) : message.content;
  const { run, ref } = useRun(message);
  const sources = growing ? NO_SOURCES : (run?.sources ?? NO_SOURCES);
  const citing = useMemo(() => ({ sources, open: onSource }), [sources, onSource]);
  return (
    <>
      <div ref={ref}>
        {text === '' && growing ? <Thinking /> : text !== '' && <Markdown text={text} citing={citing} />}
      </div>
      <Ending message={message} error={run?.error?.message} isCut={run?.status === 'incomplete'} />
      {sources.length > 0 && <Sources sources={sources} onSource={onSource} />}
      {!growing && (
        <div className="-ms-2 flex flex-wrap items-center">
          <Actions message={message} isNewest={isNewest} />
          {children}
        </div>
      )}
    </>
  );
}

function Thinking() {
  return (
    <p className="thinking flex items-center gap-1 py-2">
      <span className="size-2 rounded-full bg-muted" />
      <span className="size-2 rounded-full bg-muted" />
      <span className="size-2 rounded-full bg-muted" />
      <b className="sr-only">{t('reply.thinking')}</b>
    </p>
  );
}

type EndingProps = { message: Message; error: string | undefined; isCut: boolean };

function Ending({ message: { status }, error, isCut }: EndingProps) {
  if (status === 'failed')
    return (
      <p className="flex items-center gap-2 text-sm text-danger">
        <Icon name="warning" /> {t('reply.failed')} {error && (translated(error) ?? error)}
      </p>
    );
  if (status === 'cancelled') return <p className="text-sm text-muted">{t('reply.cancelled')}</p>;
  return isCut ? <p className="text-sm text-muted">{t('reply.incomplete')}</p> : null;
}

function Sources({ sources, onSource }: { sources: Source[]; onSource: Props['onSource'] }) {
  return (
    <ul aria-label={t('reply.sources')} className="flex flex-wrap gap-2">
      {sources.map((source, i) => (
        <li key={source.faq_id} className="min-w-0">
          <button
            type="button"
            className="flex min-h-9 max-w-full items-center gap-2 rounded-full border border-line px-3 text-sm text-muted hover:bg-raised hover:text-ink"
            onClick={() => onSource(source)}
          >
            <Icon name="book" className="size-4" />
            <span dir="auto" className="truncate">
              {i + 1}. {source.question}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

type VersionsProps = { index: number; count: number; onChoose: (index: number) => void };

function Versions({ index, count, onChoose }: VersionsProps) {
  return (
    <span className="flex items-center text-sm text-muted">
      <IconButton
        small
        icon="left"
        label={t('reply.earlier')}
        aria-disabled={index === 0}
        onClick={() => onChoose(Math.max(0, index - 1))}
      />
      <span role="status">{t('reply.which', { i: index + 1, all: count })}</span>
      <IconButton
        small
        icon="right"
        label={t('reply.later')}
        aria-disabled={index === count - 1}
        onClick={() => onChoose(Math.min(count - 1, index + 1))}
      />
    </span>
  );
}
