import { useEffect, useRef, useState } from 'react';
import { store, useUser } from '../../shared/session.ts';
import { useUnsaved } from '../../shared/unsaved.ts';

type Kept<T> = {
  value: T;
  set: (next: (old: T) => T) => void;
  changed: boolean;
  /** Whether the value is that of an earlier visit. */
  restored: boolean;
  /** Goes back to what is saved. */
  discard: () => void;
  /** Notes that the value is saved and the form is finished. */
  done: () => void;
};

/**
 * Holds a form's value, keeps it on this device until it is saved, and asks before the user leaves. A kept value is dropped
 * when others have saved a newer one since.
 * @param name tells the form from others
 * @param saved what is saved; it changes when the form is saved
 */
export function useKept<T>(name: string, saved: T): Kept<T> {
  const key = `parley.form.${useUser()?.id}.${name}`;
  const base = JSON.stringify(saved);
  const [first] = useState(() => read<T>(key, base));
  const [value, setValue] = useState<T>(first ?? saved);
  const [restored, setRestored] = useState(first !== undefined);
  const text = JSON.stringify(value);
  const changed = text !== base;
  const isDone = useRef(false);
  useUnsaved(() => changed && !isDone.current);
  useEffect(() => {
    if (isDone.current) return;
    if (!changed) {
      store.removeItem(key);
      setRestored(false);
      return;
    }
    try {
      store.setItem(key, JSON.stringify({ base, text }));
    } catch {
      // The browser's storage is full: the text stays on the page.
    }
  }, [key, base, text, changed]);
  const done = () => {
    isDone.current = true;
    store.removeItem(key);
  };
  return { value, set: setValue, changed, restored, discard: () => setValue(saved), done };
}

function read<T>(key: string, base: string): T | undefined {
  try {
    const kept = JSON.parse(store.getItem(key) ?? '{}') as { base?: string; text?: string };
    return kept.base === base && kept.text !== undefined ? (JSON.parse(kept.text) as T) : undefined;
  } catch {
    return undefined;
  }
}
