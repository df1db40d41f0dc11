import type { Unsent } from '../../sdk/outbox.ts';
import type { User } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { moment, t } from '../../shared/words.ts';
import { useOnline } from '../data/online.ts';
import { useParley } from '../data/parley.tsx';
import { reasonOf } from '../../shared/enter/useForm.ts';
import { Mine } from './Mine.tsx';

type Props = { message: Unsent; onEdit: (text: string) => void };

/** A message that is on its way, or that the server does not take. */
export function UnsentMessage({ message: { key, content, refused, delayed }, onEdit }: Props) {
  const { outbox } = useParley();
  const online = useOnline();
  if (refused === undefined)
    return (
      <Mine text={content}>
        <p role="status" className="text-end text-sm text-muted">
          {delayed ? sayDelay(delayed) : t(online ? 'mine.sending' : 'mine.offline')}
        </p>
        {delayed && (
          <Button kind="quiet" onClick={() => outbox.drop(key)}>
            {t('mine.discard')}
          </Button>
        )}
      </Mine>
    );
  const needsConsent = refused.code === 'consent_required';
  const allow = async () => {
    const body = { data_processing_consent: true };
    session.changed(await session.call<User>('PATCH', '/users/me', { body }));
    outbox.retry(key);
  };
  return (
    <Mine text={content}>
      <p role="alert" className="text-end text-sm text-danger">
        {needsConsent
          ? t('mine.consent')
          : t('mine.refused', { why: reasonOf(refused, {}, { content: '' }) })}
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        {needsConsent ? (
          <Button kind="main" onClick={() => void allow().catch(() => toast(t('app.failed')))}>
            {t('mine.allow')}
          </Button>
        ) : (
          <Button onClick={() => outbox.retry(key)}>{t('mine.retry')}</Button>
        )}
        <Button
          kind="quiet"
          onClick={() => {
            onEdit(content);
            outbox.drop(key);
          }}
        >
          {t('mine.edit')}
        </Button>
        <Button kind="quiet" onClick={() => outbox.drop(key)}>
          {t('mine.discard')}
        </Button>
      </div>
    </Mine>
  );
}

function sayDelay({ problem, until }: NonNullable<Unsent['delayed']>): string {
  const own = { rate_limited: t('mine.tooMany'), quota_exceeded: t('why.budget') };
  return t('mine.delayed', { why: reasonOf(problem, own), when: moment(new Date(until).toISOString()) });
}
