import { IconButton } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';
import { useUnread } from '../data/notifications.ts';

/** Opens the list of conversations on a phone. A dot says that there are unread notifications behind it. */
export function ListButton({ onClick }: { onClick: () => void }) {
  const unread = useUnread();
  const label = unread > 0 ? `${t('list.show')} (${t('told.title')}: ${unread})` : t('list.show');
  return (
    <span className="relative md:hidden">
      <IconButton id="show-list" icon="menu" label={label} onClick={onClick} />
      {unread > 0 && (
        <span className="pointer-events-none absolute end-2 top-2 size-2.5 rounded-full border-2 border-paper bg-accent" />
      )}
    </span>
  );
}
