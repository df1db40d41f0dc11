import { useEffect } from 'react';
import { Dialog } from '../../shared/Dialog.tsx';
import { isMac, MOD } from '../../shared/mac.ts';
import { t, type Word } from '../../shared/words.ts';

/** What can be done by keys alone, anywhere on the page. `mod` is Ctrl, and ⌘ on a Mac. */
const KEYS: { keys: string[]; what: Word }[] = [
  { keys: ['mod', 'K'], what: 'keys.search' },
  { keys: ['mod', 'Shift', 'O'], what: 'keys.new' },
  { keys: ['Shift', 'Esc'], what: 'keys.message' },
  { keys: ['Enter'], what: 'keys.send' },
  { keys: ['Shift', 'Enter'], what: 'keys.break' },
  { keys: ['↑'], what: 'keys.edit' },
  { keys: ['Esc'], what: 'keys.stop' },
  { keys: ['mod', 'Z'], what: 'app.undo' },
  { keys: ['mod', '/'], what: 'keys.map' },
];

type Ways = { search: () => void; begin: () => void; map: () => void };

/** Listens to the keys of the whole page. A dialog that is open has the keys to itself. */
export function useKeys({ search, begin, map }: Ways): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.isComposing || document.querySelector('dialog[open]') !== null) return;
      const { key, shiftKey, altKey } = event;
      const mod = isMac ? event.metaKey : event.ctrlKey;
      const act = () => {
        if (mod && !altKey && !shiftKey && key.toLowerCase() === 'k') return search;
        if (mod && !altKey && shiftKey && key.toLowerCase() === 'o') return begin;
        // On some keyboards the slash is typed with Shift.
        if (mod && !altKey && (key === '/' || key === '?')) return map;
        if (shiftKey && key === 'Escape') return () => document.getElementById('message')?.focus();
        return undefined;
      };
      const found = act();
      if (found === undefined) return;
      event.preventDefault();
      found();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [search, begin, map]);
}

export function KeyMap({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="grid gap-2">
        {KEYS.map(({ keys, what }) => (
          <div key={what} className="flex items-center justify-between gap-4">
            <dt>{t(what)}</dt>
            <dd className="flex shrink-0 gap-1" dir="ltr">
              {keys.map((key) => (
                <kbd key={key} className="rounded-md border border-edge bg-raised px-2 py-0.5 text-sm">
                  {key === 'mod' ? MOD : key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
