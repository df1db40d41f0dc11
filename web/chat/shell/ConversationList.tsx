import { NavLink } from 'react-router';
import type { Conversation } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { Found } from '../../shared/Found.tsx';
import { ageOf, t, when } from '../../shared/words.ts';
import { useOnline } from '../data/online.ts';
import { useConversations } from '../data/conversations.ts';

/** The conversations that match, newest activity first. */
export function ConversationList({ q, archived }: { q: string; archived: boolean }) {
  const { list, isPending, isError, refetch, isPlaceholderData, ...more } = useConversations(q, archived);
  const { hasNextPage, fetchNextPage, isFetchingNextPage } = more;
  const online = useOnline();
  const note = () => {
    // The page says above that there is no network.
    if (!online && (isPending || isError)) return '';
    if (isPending) return t('app.loading');
    if (isError) return t('app.failed');
    if (q !== '') return t('list.nothing', { q });
    return archived ? t('list.emptyArchive') : t('list.empty');
  };
  const found = list.length === 0 ? note() : t('list.found', { n: list.length });
  return (
    <>
      <Found asked={`${archived} ${q}`} text={isPending || isPlaceholderData ? undefined : found} />
      <ul aria-label={t('list.title')} className="grid min-h-px grid-cols-[minmax(0,1fr)] gap-0.5">
        {list.map((one, i) => {
          const age = ageOf(one.last_message_at);
          const before = list[i - 1];
          return (
            <li key={one.id}>
              {(before === undefined || ageOf(before.last_message_at) !== age) && (
                <h2 className={`px-3 pb-1 text-xs font-medium text-muted ${i === 0 ? 'pt-1' : 'pt-4'}`}>
                  {age}
                </h2>
              )}
              <Entry conversation={one} />
            </li>
          );
        })}
      </ul>
      {list.length === 0 && <p className="px-3 py-6 text-center text-sm text-muted">{note()}</p>}
      {isError && list.length === 0 && (
        <Button className="w-full" onClick={() => void refetch()}>
          {t('app.retry')}
        </Button>
      )}
      {hasNextPage && (
        <Button
          kind="quiet"
          className="mt-2 w-full"
          busy={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {t('list.more')}
        </Button>
      )}
    </>
  );
}

function Entry({ conversation: { id, title, last_message_at, status } }: { conversation: Conversation }) {
  const withPerson = status === 'waiting' || status === 'agent';
  return (
    <NavLink
      to={`/c/${id}`}
      title={when(last_message_at)}
      className="flex min-h-9 items-center gap-2 rounded-lg px-3 py-1.5 text-sm hover:bg-raised aria-[current=page]:bg-raised aria-[current=page]:font-medium pointer-coarse:min-h-11 pointer-coarse:text-base"
    >
      {withPerson && (
        <span role="img" aria-label={t('list.waiting')} className="size-2 rounded-full bg-accent" />
      )}
      <span dir="auto" className="min-w-0 flex-1 truncate">
        {title ?? t('list.untitled')}
      </span>
    </NavLink>
  );
}
