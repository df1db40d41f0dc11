import { useEffect, useId, useRef } from 'react';
import { chooseLanguage } from '../../shared/account.ts';
import { Labelled } from '../../shared/controls.tsx';
import { setTheme, THEMES, type Theme, useTheme } from '../../shared/theme.ts';
import { LANGUAGES, type Language, language, t } from '../../shared/words.ts';
import { Section } from './Section.tsx';

/** Whether the page is made anew because another language was chosen in this field. */
let isChoosing = false;

/** The language and the colours of the pages. The language is also that of the answers. */
export function Look() {
  const theme = useTheme();
  const id = useId();
  const select = 'min-h-11 rounded-xl border border-edge bg-paper px-3';
  const field = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    if (!isChoosing) return;
    isChoosing = false;
    // Somebody who chooses by the arrow keys goes on choosing. The page's heading takes the focus first.
    setTimeout(() => field.current?.focus());
  }, []);
  return (
    <Section title={t('me.look')}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Labelled id={`${id}-language`} label={t('me.language')}>
          <select
            ref={field}
            id={`${id}-language`}
            className={select}
            value={language()}
            onChange={({ target }) => {
              // Until somebody has answered, the field shows the present language.
              chooseLanguage(target.value as Language, () => {
                isChoosing = true;
              });
            }}
          >
            {Object.entries(LANGUAGES).map(([tag, { name }]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled id={`${id}-theme`} label={t('me.theme')}>
          <select
            id={`${id}-theme`}
            className={select}
            value={theme}
            onChange={({ target }) => setTheme(target.value as Theme)}
          >
            {THEMES.map((one) => (
              <option key={one} value={one}>
                {t(`me.${one}`)}
              </option>
            ))}
          </select>
        </Labelled>
      </div>
    </Section>
  );
}
