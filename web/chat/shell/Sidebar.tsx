import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { Icon } from '../../shared/Icon.tsx';
import { Button, IconButton } from '../../shared/controls.tsx';
import { useUser } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { ConversationList } from './ConversationList.tsx';
import { useNewTalk } from './newTalk.ts';
import { ToldButton } from './Told.tsx';

type Props = { open: boolean; onClose: () => void; onKeys: () => void };
/** A pause in typing after which the list is searched. */
const PAUSE_MS = 250;

export function Sidebar({ open, onClose, onKeys }: Props) {
  const [q, setQ] = useState('');
  const [archived, setArchived] = useState(false);
  const wanted = useSettled(q.trim());
  const newTalk = useNewTalk();
  const user = useUser();
  const name = user?.first_name ?? user?.username ?? user?.email ?? t('list.guest');
  return (
    <aside
      id="list"
      aria-label={t('list.sidebar')}
      className={`z-20 min-h-0 flex-col border-e border-line bg-sunken max-md:fixed max-md:inset-y-0 max-md:start-0 max-md:w-[min(20rem,85vw)] ${open ? 'flex' : 'hidden md:flex'}`}
    >
      <div className="flex items-center gap-1 p-3">
        <button
          type="button"
          className="flex min-h-11 flex-1 items-center gap-2 rounded-xl border border-edge bg-paper px-3 font-medium hover:bg-raised"
          onClick={() => {
            newTalk();
            onClose();
          }}
        >
          <Icon name="plus" />
          {t('list.new')}
        </button>
        <IconButton icon="close" label={t('list.hide')} className="md:hidden" onClick={onClose} />
      </div>
      <div className="relative px-3 pb-2">
        <Icon name="search" className="pointer-events-none absolute start-6 top-3 size-5 text-muted" />
        <input
          id="search"
          type="search"
          aria-label={t('list.search')}
          placeholder={t('list.search')}
          maxLength={200}
          value={q}
          onChange={({ target }) => setQ(target.value)}
          className="min-h-11 w-full rounded-xl border border-transparent bg-raised ps-10 pe-3"
        />
      </div>
      {archived && (
        <p className="flex items-center justify-between gap-2 ps-6 pe-3 pb-1 text-sm">
          <span className="font-medium">{t('list.archived')}</span>
          <Button small kind="quiet" onClick={() => setArchived(false)}>
            <Icon name="left" className="size-4" />
            {t('list.current')}
          </Button>
        </p>
      )}
      <nav aria-label={t('list.title')} className="relative min-h-0 flex-1 overflow-y-auto px-3 pb-3">
        <ConversationList q={wanted} archived={archived} />
      </nav>
      <div className="flex items-center gap-0.5 border-t border-line p-2">
        <Link
          to="/account"
          aria-label={`${t('list.account')}: ${name}`}
          className="flex min-h-11 min-w-0 flex-1 items-center gap-2.5 rounded-lg px-2 hover:bg-raised"
        >
          <span
            data-initial={[...name][0]?.toLocaleUpperCase()}
            className="grid size-8 shrink-0 place-items-center rounded-full bg-accent text-sm font-semibold text-on-accent before:content-[attr(data-initial)]"
          />
          <span className="truncate text-sm font-medium">{name}</span>
        </Link>
        <ToldButton onOpened={onClose} />
        <IconButton
          icon="archive"
          label={t('list.archived')}
          aria-pressed={archived}
          onClick={() => setArchived(!archived)}
        />
        <IconButton icon="keys" label={t('keys.title')} className="pointer-coarse:hidden" onClick={onKeys} />
      </div>
    </aside>
  );
}

/** Returns the value that has not changed for a while; an empty one at once. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
