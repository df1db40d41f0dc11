import { useState } from 'react';
import type { User } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { session, useUser } from '../../shared/session.ts';
import { setTheme, THEMES, type Theme, theme } from '../../shared/theme.ts';
import { leave } from '../../shared/unsaved.ts';
import { LANGUAGES, type Language, language, speak, t } from '../../shared/words.ts';
import { Select } from '../shared/fields.tsx';
import { w } from '../words.ts';

/** Language, colours, and the way out. */
export function Settings({ onClose }: { onClose: () => void }) {
  const user = useUser();
  const [chosen, setChosen] = useState<Theme>(theme());
  const choose = (next: Language) => {
    session
      .call<User>('PATCH', '/users/me', { body: { language: next } })
      .then((changed) => session.changed(changed))
      .catch(() => {});
    void speak(next, true);
  };
  return (
    <Dialog title={w('me')} onClose={onClose}>
      <p className="text-sm wrap-anywhere text-muted">{w('signedInAs', { name: user?.email ?? '' })}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={t('me.language')}
          value={language()}
          // The page is made anew, and its forms with it.
          onChange={(next) => leave(() => choose(next as Language))}
          options={Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, text: name }))}
        />
        <Select
          label={t('me.theme')}
          value={chosen}
          onChange={(next) => {
            setTheme(next as Theme);
            setChosen(next as Theme);
          }}
          options={THEMES.map((value) => ({ value, text: t(`me.${value}`) }))}
        />
      </div>
      <Button className="w-fit" onClick={() => leave(() => void session.logout())}>
        {t('me.out')}
      </Button>
    </Dialog>
  );
}
