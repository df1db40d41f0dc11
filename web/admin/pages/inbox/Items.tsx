import { useEffect, useState } from 'react';
import { NavLink, useLocation } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { useUser } from '../../../shared/session.ts';
import { locale } from '../../../shared/words.ts';
import type { List } from '../../data/api.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import type { InboxItem } from '../../types.ts';
import { w } from '../../words.ts';
import { useIsTyping, useOthers } from './presence.ts';
import { t } from './words.ts';

/** The conversations of a list. Those that wait longest stand first. */
export function Items({
  name,
  list,
  chosen,
}: {
  name: string;
  list: List<InboxItem>;
  chosen: number | undefined;
}) {
  useMinutes();
  if (list.error !== null && list.list.length === 0)
    return (
      <div className="p-3">
        <ErrorState error={list.error} again={list.refetch} />
      </div>
    );
  if (list.isPending) return <Loading />;
  if (list.list.length === 0)
    return (
      <div className="p-3">
        {name === 'waiting' ? (
          <EmptyState title={t('none_waiting')} text={t('none_waitingWhy')}>
            <LinkButton to={`/inbox${chosen ? `/${chosen}` : ''}?list=all`}>{t('showAll')}</LinkButton>
          </EmptyState>
        ) : (
          <EmptyState title={t('none')} text={t(name === 'mine' ? 'none_mineWhy' : 'none_other')} />
        )}
      </div>
    );
  return (
    <div className="min-h-0 overflow-y-auto p-2">
      <ul aria-label={t('conversations')} className="grid grid-cols-[minmax(0,1fr)] gap-0.5">
        {list.list.map((item) => (
          <li key={item.conversation.id}>
            <Item item={item} isChosen={item.conversation.id === chosen} />
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <Button
          kind="quiet"
          className="mt-2 w-full"
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {w('more')}
        </Button>
      )}
    </div>
  );
}

function Item({ item, isChosen }: { item: InboxItem; isChosen: boolean }) {
  const { conversation, user, waiting_since, unread } = item;
  const { search } = useLocation();
  const others = useOthers(conversation.id);
  const isTyping = useIsTyping(conversation.id);
  const me = useUser()?.id;
  const who = user.name === '' ? t('guest') : user.name;
  return (
    <NavLink
      to={`/inbox/${conversation.id}${search}`}
      data-item={conversation.id}
      aria-current={isChosen ? 'page' : undefined}
      className="grid gap-0.5 rounded-lg px-3 py-2 hover:bg-raised aria-[current=page]:bg-raised"
    >
      <span className="flex items-center justify-between gap-2">
        <span className={`min-w-0 truncate ${unread > 0 ? 'font-semibold' : 'font-medium'}`}>{who}</span>
        {unread > 0 && !isChosen && <Badge tone="good">{t('unread', { n: unread })}</Badge>}
      </span>
      <span className="line-clamp-2 text-sm wrap-anywhere text-muted">
        {isTyping ? t('isTyping', { name: who }) : newest(item, me)}
      </span>
      <span className="flex flex-wrap items-center gap-1.5 text-xs text-muted">
        {waiting_since !== null && (
          <Badge tone={minutesSince(waiting_since) >= 5 ? 'bad' : 'plain'}>
            {minutesSince(waiting_since) < 1 ? t('waitsNow') : t('waits', { time: duration(waiting_since) })}
          </Badge>
        )}
        {conversation.agent !== null && <span>{t('with', { name: conversation.agent.name })}</span>}
        {others !== '' && <Badge tone="quiet">{others}</Badge>}
      </span>
    </NavLink>
  );
}

/**
 * What a person said last, and whether that was one of us. An answer of the assistant is the same for many: the question says
 * what it is about.
 */
function newest({ conversation: { title }, last_message }: InboxItem, me: number | undefined): string {
  if (last_message === null) return title ?? '';
  const { message_type, content, agent } = last_message;
  if (message_type === 'agent')
    return t('said', { who: agent?.id === me ? t('you') : (agent?.name ?? ''), text: content });
  return (message_type === 'assistant' ? title : null) ?? content;
}

function minutesSince(iso: string): number {
  return (Date.now() - Date.parse(iso)) / 60_000;
}

/** Writes how long something lasts, such as “4 min”. */
function duration(iso: string): string {
  const minutes = Math.max(0, Math.floor(minutesSince(iso)));
  const [unit, value] =
    minutes < 60
      ? (['minute', minutes] as const)
      : minutes < 1_440
        ? (['hour', Math.floor(minutes / 60)] as const)
        : (['day', Math.floor(minutes / 1_440)] as const);
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'short' }).format(value);
}

/** Draws again twice a minute, because times of waiting grow. */
function useMinutes(): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
}
