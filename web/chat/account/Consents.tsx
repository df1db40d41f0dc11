import type { User } from '../../sdk/types.ts';
import { Check } from '../../shared/controls.tsx';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { changeUser, type Fields } from './change.ts';
import { Section } from './Section.tsx';

export function Consents({ user }: { user: User }) {
  const set = (fields: Fields) => {
    changeUser(fields).then(
      () => toast(t('app.saved')),
      () => toast(t('app.failed')),
    );
  };
  return (
    <Section title={t('me.consents')}>
      <div>
        <Check
          checked={user.data_processing_consent}
          onChange={({ target }) => set({ data_processing_consent: target.checked })}
        >
          {t('me.processing')}
        </Check>
        <Check
          checked={user.marketing_consent}
          onChange={({ target }) => set({ marketing_consent: target.checked })}
        >
          {t('me.marketing')}
        </Check>
      </div>
    </Section>
  );
}
