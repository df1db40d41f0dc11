import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Consent, ConsentTexts, Page, User } from '../../sdk/types.ts';
import { changeUser, type Fields } from '../../shared/account.ts';
import { Check } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { language, t } from '../../shared/words.ts';
import { Past } from './Past.tsx';
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
    <Past
      title={t('consent.history')}
      lines={data.data.map(({ id, kind, given, version, at }) => ({
        id,
        at,
        what: (
          <>
            {t(`consent.${kind}`)}: {given ? t('consent.given') : t('consent.withdrawn')}
            {version && <span className="text-muted"> ({version})</span>}
          </>
        ),
      }))}
    />
  );
}
