import { chooseLanguage } from '../../shared/account.ts';
import { Button } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { session, useUser } from '../../shared/session.ts';
import { setTheme, THEMES, type Theme, useTheme } from '../../shared/theme.ts';
import { leave } from '../../shared/unsaved.ts';
import { LANGUAGES, type Language, language, t } from '../../shared/words.ts';
import { Select } from '../shared/fields.tsx';
import { w } from '../words.ts';

/** Language, colours, and the way out. */
export function Settings({ onClose }: { onClose: () => void }) {
  const user = useUser();
  const theme = useTheme();
  return (
    <Dialog title={w('me')} onClose={onClose}>
      <p className="text-sm wrap-anywhere text-muted">{w('signedInAs', { name: user?.email ?? '' })}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={t('me.language')}
          value={language()}
          onChange={(next) => chooseLanguage(next as Language)}
          options={Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, text: name }))}
        />
        <Select
          label={t('me.theme')}
          value={theme}
          onChange={(next) => setTheme(next as Theme)}
          options={THEMES.map((value) => ({ value, text: t(`me.${value}`) }))}
        />
      </div>
      <Button className="w-fit" onClick={() => leave(() => void session.logout())}>
        {t('me.out')}
      </Button>
    </Dialog>
  );
}
