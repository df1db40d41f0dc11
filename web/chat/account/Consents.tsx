import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Consent, ConsentTexts, Page, User } from '../../sdk/types.ts';
import { Check } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { dateTime, language, t } from '../../shared/words.ts';
import { changeUser, type Fields } from './change.ts';
import { Section } from './Section.tsx';

/** What the user agrees to, in the words in force, and what was given and withdrawn before. */
export function Consents({ user }: { user: User }) {
  const client = useQueryClient();
  const { data: shown } = useQuery({
    queryKey: ['consent texts', language()],
    queryFn: ({ signal }) =>
      session.call<ConsentTexts>('GET', `/consents?language=${language()}`, { signal }),
  });
  // What was chosen shows at once.
  const [chosen, setChosen] = useState<Fields>({});
  const set = async (fields: Fields) => {
    setChosen(fields);
    try {
      await changeUser(fields);
      toast(t('app.saved'));
    } catch {
      toast(t('app.failed'));
    }
    setChosen({});
    await client.invalidateQueries({ queryKey: ['consents'] });
  };
  const { data_processing_consent, marketing_consent } = { ...user, ...chosen };
  // Texts of another language would be read to the wrong reader.
  const texts = shown?.language === language() ? shown.texts : undefined;
  return (
    <Section title={t('me.consents')}>
      <div>
        <Check
          checked={data_processing_consent}
          onChange={({ target }) => void set({ data_processing_consent: target.checked })}
        >
          {texts?.data_processing ?? t('me.processing')}
        </Check>
        <Check
          checked={marketing_consent}
          onChange={({ target }) => void set({ marketing_consent: target.checked })}
        >
          {texts?.marketing ?? t('me.marketing')}
        </Check>
      </div>
      {shown && <p className="text-sm text-muted">{t('consent.version', { version: shown.version })}</p>}
      <History />
    </Section>
  );
}

function History() {
  const { data } = useQuery({
    queryKey: ['consents'],
    queryFn: ({ signal }) => session.call<Page<Consent>>('GET', '/users/me/consents?limit=100', { signal }),
  });
  if (data === undefined || data.data.length === 0) return null;
  return (
    <details className="rounded-xl border border-line px-4 py-2">
      <summary className="min-h-9 cursor-pointer py-1.5 text-sm font-medium">{t('consent.history')}</summary>
      <ul className="grid gap-1 pb-2 text-sm">
        {data.data.map(({ id, kind, given, version, at }) => (
          <li key={id} className="flex flex-wrap justify-between gap-x-4">
            <span>
              {t(`consent.${kind}`)}: {given ? t('consent.given') : t('consent.withdrawn')}
              {version && <span className="text-muted"> ({version})</span>}
            </span>
            <time dateTime={at} className="text-muted">
              {dateTime(at)}
            </time>
          </li>
        ))}
      </ul>
    </details>
  );
}
