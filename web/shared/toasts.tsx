import { useSyncExternalStore } from 'react';
import { t } from './words.ts';

type Act = { label: string; run: () => void };
type Toast = { id: number; text: string; act?: Act };
const SHOWN_MS = 6_000;
/** Long enough to get to the button by keys. */
export const UNDO_WITHIN_MS = 10_000;

let list: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function put(next: Toast[]): void {
  list = next;
  for (const listener of listeners) listener();
}

/** Shows a short message for a while. With `undo`, a button that takes the act back. */
export function toast(text: string, undo?: () => void): void {
  last += 1;
  const id = last;
  put([...list.slice(-2), { id, text, ...(undo && { act: { label: t('app.undo'), run: undo } }) }]);
  setTimeout(() => put(list.filter((one) => one.id !== id)), undo ? UNDO_WITHIN_MS : SHOWN_MS);
}

/** Shows a message with something to do about it, until that is done. The same text is shown once. */
export function notice(text: string, act: Act): void {
  last += 1;
  put([...list.filter((one) => one.text !== text).slice(-2), { id: last, text, act }]);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => list,
  );
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-28 z-30 flex flex-col items-center gap-2 px-4"
    >
      {shown.map(({ id, text, act }) => (
        <div
          key={id}
          className="pointer-events-auto flex items-center gap-3 rounded-xl bg-ink py-2 ps-4 pe-2 text-sm text-paper shadow-lg"
        >
          <span className="py-1.5">{text}</span>
          {act && (
            <button
              type="button"
              className="min-h-9 rounded-lg px-3 font-semibold underline underline-offset-2"
              onClick={() => {
                act.run();
                put(list.filter((one) => one.id !== id));
                // The button is gone, and the focus must not go with it.
                document.getElementById('message')?.focus();
              }}
            >
              {act.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
