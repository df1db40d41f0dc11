import { useEffect } from 'react';
import type { Unsent } from '../../sdk/outbox.ts';
import type { User } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { say } from '../../shared/speaker.ts';
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
  const wait = useWait(delayed);
  if (refused === undefined)
    return (
      <Mine text={content}>
        <p className="text-end text-sm text-muted">{wait.text}</p>
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

/** Tells screen readers why messages wait: once for a reason, however many they are and however often they are tried. */
export function SpokenWait({ unsent }: { unsent: Unsent[] }) {
  const waiting = unsent.find(({ refused }) => refused === undefined);
  const { reason, text } = useWait(waiting?.delayed);
  const told = waiting && reason;
  useEffect(() => {
    if (told) say(text);
    // The time of the next try is another one after each.
  }, [told]);
  return null;
}

/** Says why a message waits; without a reason, that it is being sent. */
function useWait(delayed: Unsent['delayed']): { reason: string | undefined; text: string } {
  const online = useOnline();
  if (delayed === undefined)
    return online
      ? { reason: undefined, text: t('mine.sending') }
      : { reason: 'offline', text: t('mine.offline') };
  const { problem, until } = delayed;
  const own = { rate_limited: t('mine.tooMany'), quota_exceeded: t('why.budget') };
  const when = moment(new Date(until).toISOString());
  return { reason: problem.code, text: t('mine.delayed', { why: reasonOf(problem, own), when }) };
}
