import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'react-router';
import { Refused } from '../../../sdk/http.ts';
import { IconButton } from '../../../shared/controls.tsx';
import { Icon } from '../../../shared/Icon.tsx';
import { ToastRow } from '../../../shared/toasts.tsx';
import { useGet } from '../../data/api.ts';
import { ErrorState, EmptyState, Loading } from '../../shared/states.tsx';
import type { InboxConversation } from '../../types.ts';
import { Actions } from './Actions.tsx';
import { Composer, type Mode } from './Composer.tsx';
import { Messages } from './Messages.tsx';
import { PersonPane } from './PersonPane.tsx';
import { useOthers, useViewing } from './presence.ts';
import { t } from './words.ts';

/** A conversation: who is who, what the assistant leaned on, notes, and what to do with it. */
export function Thread({ id }: { id: number }) {
  const read = useGet<InboxConversation>(`/inbox/${id}`);
  const { showsPerson, setShowsPerson, isWide } = usePersonPane();
  const field = useRef<HTMLTextAreaElement>(null);
  const [mode, setMode] = useState<Mode>('reply');
  const begin = () => {
    setMode('reply');
    field.current?.focus();
  };
  useViewing(id);
  if (read.error !== null && read.data === undefined)
    return (
      <div className="p-4">
        {read.error instanceof Refused && read.error.code === 'not_found' ? (
          <EmptyState title={t('gone')} />
        ) : (
          <ErrorState error={read.error} again={read.refetch} />
        )}
      </div>
    );
  if (read.data === undefined) return <Loading />;
  return (
    <div
      className={`grid min-h-0 grid-cols-[minmax(0,1fr)] grid-rows-[minmax(0,1fr)] ${showsPerson ? 'xl:grid-cols-[minmax(0,1fr)_18rem]' : ''}`}
    >
      <div
        className={`grid min-h-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)_auto_auto] [@media(max-height:32rem)]:grid-rows-[auto_minmax(14rem,1fr)_auto_auto] [@media(max-height:32rem)]:overflow-y-auto ${showsPerson ? 'max-xl:hidden' : ''}`}
      >
        <Head inbox={read.data} onTaken={begin} onPerson={() => setShowsPerson(!showsPerson)} />
        <Messages inbox={read.data} />
        {/* Takes its height from the messages: no button moves. Behind the person, the page shows them. */}
        {(isWide || !showsPerson) && <ToastRow part />}
        <Composer inbox={read.data} field={field} chosen={mode} setMode={setMode} />
      </div>
      {showsPerson && <PersonPane id={id} onClose={() => setShowsPerson(false)} />}
    </div>
  );
}

/** Whether the pane about the person is shown: beside the thread, or in its place where there is no room for both. */
function usePersonPane() {
  const wide = matchMedia('(min-width: 1280px)');
  const [isWide, setWide] = useState(wide.matches);
  const [showsPerson, setShowsPerson] = useState(wide.matches);
  useEffect(() => {
    const changed = ({ matches }: MediaQueryListEvent) => {
      setWide(matches);
      setShowsPerson(matches);
    };
    wide.addEventListener('change', changed);
    return () => wide.removeEventListener('change', changed);
    // The listener keeps the query alive.
  }, []);
  return { showsPerson, setShowsPerson, isWide };
}

type HeadProps = { inbox: InboxConversation; onTaken: () => void; onPerson: () => void };

function Head({ inbox, onTaken, onPerson }: HeadProps) {
  const { conversation, user } = inbox;
  const { search } = useLocation();
  const others = useOthers(conversation.id);
  const name = user.name === '' ? t('guest') : user.name;
  return (
    <header className="grid grid-cols-[minmax(0,1fr)] gap-2 border-b border-line px-3 py-2 lg:px-4">
      <div className="flex items-center gap-2">
        <Link
          to={`/inbox${search}`}
          aria-label={t('back')}
          className="inline-flex size-11 items-center justify-center rounded-lg md:hidden"
        >
          <Icon name="left" />
        </Link>
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-semibold">{name}</h2>
          <p className="truncate text-sm text-muted">
            {conversation.agent === null || conversation.status === 'resolved'
              ? t(`status_${conversation.status}`)
              : t('with', { name: conversation.agent.name })}{' '}
            · {conversation.title ?? t('untitled', { id: conversation.id })}
          </p>
        </div>
        <IconButton icon="person" label={t('showPerson')} onClick={onPerson} />
      </div>
      <Actions inbox={inbox} onTaken={onTaken} />
      {conversation.handoff_reason !== null && (
        <p className="text-sm wrap-anywhere text-muted">
          {t('reason', { reason: conversation.handoff_reason })}
        </p>
      )}
      {others !== '' && (
        <p role="status" className="text-sm text-danger">
          {t('alsoHere', { names: others })}
        </p>
      )}
    </header>
  );
}
