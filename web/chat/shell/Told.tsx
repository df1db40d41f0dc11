import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Notification } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { Icon } from '../../shared/Icon.tsx';
import { toast } from '../../shared/toasts.tsx';
import { leave } from '../../shared/unsaved.ts';
import { dateTime, number, t } from '../../shared/words.ts';
import { readNotifications, useNotifications, useUnread } from '../data/notifications.ts';

/** The way to what the user was told, with how much of it is new. */
export function ToldButton({ onOpened }: { onOpened: () => void }) {
  const [open, setOpen] = useState(false);
  const unread = useUnread();
  return (
    <>
      <button
        type="button"
        title={t('told.title')}
        className="relative inline-flex size-11 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-raised hover:text-ink"
        onClick={() => setOpen(true)}
      >
        <Icon name="bell" />
        <span className="sr-only">{t('told.title')}</span>
        {unread > 0 && (
          <span className="absolute end-1 top-1 grid min-w-4.5 place-items-center rounded-full border-2 border-sunken bg-accent px-1 text-[0.6875rem] leading-4 font-semibold text-on-accent">
            {number(unread)} <span className="sr-only">{t('told.unread')}</span>
          </span>
        )}
      </button>
      {open && (
        <Told
          onClose={() => setOpen(false)}
          onGone={() => {
            setOpen(false);
            onOpened();
          }}
        />
      )}
    </>
  );
}

function Told({ onClose, onGone }: { onClose: () => void; onGone: () => void }) {
  const { list, isPending, isError, hasNextPage, fetchNextPage, isFetchingNextPage } = useNotifications();
  const navigate = useNavigate();
  const unread = list.filter(({ read_at }) => read_at === null).map(({ id }) => id);
  const go = (one: Notification) => {
    if (one.read_at === null) void readNotifications([one.id]).catch(() => {});
    onGone();
    leave(() => void navigate(placeOf(one)));
  };
  return (
    <Dialog title={t('told.title')} onClose={onClose}>
      {unread.length > 0 && (
        <Button
          className="w-fit"
          onClick={() => void readNotifications(unread).catch(() => toast(t('app.failed')))}
        >
          {t('told.readAll')}
        </Button>
      )}
      {list.length === 0 && (
        <p className="text-muted">
          {isPending ? t('app.loading') : isError ? t('app.failed') : t('told.none')}
        </p>
      )}
      <ul aria-label={t('told.title')} className="grid gap-1">
        {list.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="flex min-h-11 w-full items-center gap-3 rounded-xl px-3 py-2 text-start hover:bg-raised"
              onClick={() => go(one)}
            >
              <span
                className={`size-2 shrink-0 rounded-full ${one.read_at === null ? 'bg-accent' : 'bg-transparent'}`}
              />
              <span className="grid min-w-0 flex-1">
                <span className={one.read_at === null ? 'font-medium' : ''}>
                  {t(`told.${one.kind}`)}
                  {one.read_at === null && <span className="sr-only">, {t('told.unread')}</span>}
                </span>
                <time dateTime={one.created_at} className="text-sm text-muted">
                  {dateTime(one.created_at)}
                </time>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button kind="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('list.more')}
        </Button>
      )}
    </Dialog>
  );
}

/** What the account's own page shows. */
const ABOUT_THE_ACCOUNT: Notification['kind'][] = [
  'new_sign_in',
  'password_changed',
  'second_factor_off',
  'recovery_code_used',
  'export_ready',
  'email_verification',
];

function placeOf({ conversation_id, kind }: Notification): string {
  if (ABOUT_THE_ACCOUNT.includes(kind)) return '/account';
  return conversation_id === null ? '/' : `/c/${conversation_id}`;
}
