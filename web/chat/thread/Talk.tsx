import { useEffect } from 'react';
import { Link, Navigate, useLocation, useMatch, useNavigate, useOutletContext } from 'react-router';
import { Refused } from '../../sdk/http.ts';
import { t } from '../../shared/words.ts';
import { useConversation } from '../data/conversations.ts';
import { useParley } from '../data/parley.tsx';
import { ListButton } from '../shell/ListButton.tsx';
import type { ShellContext } from '../shell/Shell.tsx';
import { Header } from './Header.tsx';
import { Thread } from './Thread.tsx';

/** Names of conversations before they were stored, so that a view stays as it is when one gets its id. */
const names = new Map<number, string>();

/** A conversation, new or old. */
export function Talk() {
  const match = useMatch('/c/:id');
  const { pathname, search, state } = useLocation();
  const id = match && /^\d{1,15}$/.test(match.params.id ?? '') ? Number(match.params.id) : undefined;
  const name = `new-${(state as { began?: number } | null)?.began ?? 0}`;
  const { data: conversation, error } = useConversation(id);
  useBegan(name, id === undefined);
  useEffect(() => {
    document.title = conversation?.title ? `${conversation.title} · Parley` : 'Parley';
  }, [conversation]);
  // Links in mails name a conversation this way.
  const linked = /^\?conversation=(\d{1,15})$/.exec(search)?.[1];
  if (linked !== undefined) return <Navigate to={`/c/${linked}`} replace />;
  if (id === undefined && pathname !== '/') return match ? <Gone /> : <Navigate to="/" replace />;
  if (error instanceof Refused && error.code === 'not_found') return <Gone />;
  return (
    <div className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)]">
      <Header id={id} conversation={conversation} />
      <Thread
        key={id === undefined ? name : (names.get(id) ?? String(id))}
        id={id}
        name={id === undefined ? name : (names.get(id) ?? String(id))}
        conversation={conversation}
      />
    </div>
  );
}

/** Goes to a new conversation's own address once it is stored. */
function useBegan(name: string, isNew: boolean): void {
  const parley = useParley();
  const navigate = useNavigate();
  useEffect(() => {
    if (!isNew) return;
    const look = () => {
      const began = parley.outbox.began(name);
      if (began === undefined || names.has(began)) return;
      names.set(began, name);
      void navigate(`/c/${began}`, { replace: true, state: null });
    };
    look();
    return parley.outbox.subscribe(look);
  }, [parley, name, isNew, navigate]);
}

function Gone() {
  const { showList } = useOutletContext<ShellContext>();
  return (
    <main className="grid grid-rows-[auto_minmax(0,1fr)]">
      <div className="p-2 md:hidden">
        <ListButton onClick={showList} />
      </div>
      <div className="row-start-2 grid place-content-center justify-items-center gap-4 p-6 text-center">
        <h1 className="text-lg font-semibold">{t('talk.gone')}</h1>
        <Link className="text-accent underline underline-offset-2" to="/">
          {t('app.home')}
        </Link>
      </div>
    </main>
  );
}
