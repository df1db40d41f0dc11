import { useEffect, useRef, useState } from 'react';
import { Check } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { MOD } from '../../../shared/mac.ts';
import { store } from '../../../shared/session.ts';
import { t } from './words.ts';

const KEY = 'parley.inbox.keys';

/** Single keys can be switched off, for people whose voice or hand presses them by chance. */
function areOn(): boolean {
  return store.getItem(KEY) !== 'off';
}

/** Calls an act for a key, unless somebody writes or a dialog is open. */
export function useKeys(acts: Record<string, () => void>): void {
  const newest = useRef(acts);
  newest.current = acts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, target } = event;
      if (ctrlKey || metaKey || altKey || !areOn()) return;
      if (target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]'))
        return;
      if (document.querySelector('dialog[open]') !== null) return;
      const act = newest.current[key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

const SHOWN = [
  ['J', 'key_next'],
  ['K', 'key_previous'],
  ['T', 'key_take'],
  ['R', 'key_reply'],
  ['N', 'key_note'],
  ['D', 'key_draft'],
  ['F', 'key_faq'],
  ['B', 'key_return'],
  ['E', 'key_resolve'],
  ['Enter', 'key_send'],
  [`${MOD} Z`, 'key_undo'],
  ['?', 'key_help'],
] as const;

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const [on, setOn] = useState(areOn());
  return (
    <Dialog title={t('keysTitle')} onClose={onClose}>
      <Check
        checked={on}
        onChange={({ target }) => {
          store.setItem(KEY, target.checked ? 'on' : 'off');
          setOn(target.checked);
        }}
      >
        {t('keysOn')}
      </Check>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-2 text-sm">
        {SHOWN.map(([key, word]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded-md border border-edge bg-raised px-2 py-0.5 font-mono text-xs">
                {key}
              </kbd>
            </dt>
            <dd>{t(word)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
