import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { Source } from '../../../sdk/types.ts';
import { Button } from '../../../shared/controls.tsx';
import { Icon } from '../../../shared/Icon.tsx';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { useUser } from '../../../shared/session.ts';
import { moment } from '../../../shared/words.ts';
import { useList } from '../../data/api.ts';
import type { InboxConversation, InboxMessage, Note } from '../../types.ts';
import { useIsTyping } from './presence.ts';
import { t } from './words.ts';

type Entry = { at: string; key: string } & (
  | { kind: 'message'; message: InboxMessage }
  | { kind: 'note'; note: Note }
);

/** What was said and noted in a conversation, in order, and who is typing. */
export function Messages({ inbox }: { inbox: InboxConversation }) {
  const { conversation, user, summary } = inbox;
  const older = useOlder(inbox);
  const entries = useMemo(
    () => ordered([...older.messages, ...inbox.messages], inbox.notes),
    [older.messages, inbox],
  );
  const cited = new Map(inbox.cited.map(({ run_id, sources }) => [run_id, sources]));
  const isTyping = useIsTyping(conversation.id);
  const box = useEnd(entries.length, isTyping);
  const name = user.name === '' ? t('guest') : user.name;
  return (
    // A log that scrolls must be reachable by the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={box} role="log" aria-label={t('messages')} tabIndex={0} className="min-h-0 overflow-y-auto">
      <div className="mx-auto grid max-w-3xl grid-cols-[minmax(0,1fr)] gap-4 px-3 py-4 lg:px-5">
        {older.more && (
          <Button kind="quiet" className="justify-self-center" onClick={older.load} disabled={older.busy}>
            {t('older')}
          </Button>
        )}
        {summary !== null && (
          <details className="rounded-xl bg-sunken px-4 py-3 text-sm">
            <summary className="cursor-pointer font-medium">{t('summary')}</summary>
            <p className="pt-2 whitespace-pre-wrap">{summary}</p>
          </details>
        )}
        {entries.map((entry) =>
          entry.kind === 'note' ? (
            <NoteRow key={entry.key} note={entry.note} />
          ) : (
            <MessageRow
              key={entry.key}
              message={entry.message}
              name={name}
              sources={cited.get(entry.message.run_id ?? 0)}
            />
          ),
        )}
        <p role="status" className="min-h-5 text-sm text-muted">
          {isTyping ? t('isTyping', { name }) : ''}
        </p>
      </div>
    </div>
  );
}

function MessageRow({
  message,
  name,
  sources,
}: {
  message: InboxMessage;
  name: string;
  sources: Source[] | undefined;
}) {
  const me = useUser();
  const { message_type, content, created_at, agent, status, replaced_by } = message;
  const isUser = message_type === 'user';
  const growing = status === 'pending' || status === 'streaming';
  const who = isUser
    ? name
    : message_type === 'agent'
      ? agent?.id === me?.id
        ? t('you')
        : (agent?.name ?? '')
      : t('assistant');
  const tone = isUser
    ? 'bg-raised'
    : message_type === 'agent'
      ? 'border border-accent'
      : 'border border-line';
  return (
    <article
      aria-label={who}
      className={`grid max-w-[88%] min-w-0 gap-1 ${isUser ? '' : 'justify-self-end'} ${replaced_by === null ? '' : 'opacity-60'}`}
    >
      <p className="flex flex-wrap gap-x-2 text-xs text-muted">
        <span className="font-medium">{who}</span>
        <time dateTime={created_at}>{moment(created_at)}</time>
        {status === 'failed' && <span className="text-danger">{t('failed')}</span>}
      </p>
      <div className={`min-w-0 rounded-2xl px-4 py-2.5 ${tone}`}>
        {content === '' && <p className="text-muted">{growing ? t('isTyping', { name: who }) : '–'}</p>}
        {message_type !== 'user' ? (
          <Markdown text={content} />
        ) : (
          <p className="whitespace-pre-wrap wrap-anywhere">{content}</p>
        )}
      </div>
      {message_type === 'assistant' && !growing && content !== '' && <Sources sources={sources ?? []} />}
    </article>
  );
}

function Sources({ sources }: { sources: Source[] }) {
  if (sources.length === 0) return <p className="text-xs text-muted">{t('noSource')}</p>;
  return (
    <ul aria-label={t('sources')} className="flex flex-wrap gap-1.5 text-xs">
      {sources.map(({ faq_id, question, similarity }) => (
        <li key={faq_id}>
          <Link
            to={`/knowledge/${faq_id}`}
            className="inline-flex items-center gap-1.5 rounded-md bg-raised px-2 py-1 hover:underline"
          >
            <span>{question}</span>
            <span className="text-muted tabular-nums">
              {t('sure', { percent: Math.round(similarity * 100) })}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function NoteRow({ note }: { note: Note }) {
  return (
    <article
      aria-label={t('note')}
      className="grid gap-1 rounded-xl border border-dashed border-edge bg-sunken px-4 py-2.5"
    >
      <p className="flex flex-wrap items-center gap-x-2 text-xs text-muted">
        <Icon name="note" className="size-4" />
        <span className="font-medium">{t('noteBy', { name: note.agent?.name ?? '' })}</span>
        <time dateTime={note.created_at}>{moment(note.created_at)}</time>
      </p>
      <p className="text-sm whitespace-pre-wrap wrap-anywhere">{note.content}</p>
    </article>
  );
}

function ordered(messages: InboxMessage[], notes: Note[]): Entry[] {
  const unique = [...new Map(messages.map((message) => [message.id, message])).values()];
  const all: Entry[] = [
    ...unique.map((message) => ({
      kind: 'message' as const,
      message,
      at: message.created_at,
      key: `m${message.id}`,
    })),
    ...notes.map((note) => ({ kind: 'note' as const, note, at: note.created_at, key: `n${note.id}` })),
  ];
  return all.toSorted((a, b) => a.at.localeCompare(b.at));
}

/** Messages before the newest hundred, page by page once they are asked for. */
function useOlder({ conversation, messages }: InboxConversation) {
  const [wanted, setWanted] = useState(false);
  const list = useList<InboxMessage>(
    `/inbox/${conversation.id}/messages`,
    { order: 'desc' },
    { enabled: wanted, limit: 100 },
  );
  const load = useCallback(() => {
    if (!wanted) setWanted(true);
    else void list.fetchNextPage();
  }, [wanted, list]);
  const first = messages[0]?.id ?? 0;
  const before = list.list.filter(({ id }) => id < first);
  return {
    messages: before,
    more: wanted ? list.hasNextPage : messages.length >= 100,
    busy: list.isFetching,
    load,
  };
}

/** Keeps the end in view while the reader is there. */
function useEnd(length: number, isTyping: boolean) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const log = box.current;
    const look = () => {
      if (log) atEnd.current = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    };
    log?.addEventListener('scroll', look);
    return () => log?.removeEventListener('scroll', look);
  }, []);
  useLayoutEffect(() => {
    if (atEnd.current) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [length, isTyping]);
  // The field below grows and leaves less height for the messages.
  useEffect(() => {
    const log = box.current;
    if (log === null) return;
    const sized = new ResizeObserver(() => {
      if (atEnd.current) log.scrollTo(0, log.scrollHeight);
    });
    sized.observe(log);
    return () => sized.disconnect();
  }, []);
  return box;
}
