import { useEffect, useSyncExternalStore } from 'react';
import { t } from './words.ts';

/** `undoes`: what was done last; Ctrl+Z does it too. */
type Act = { label: string; run: () => void; undoes?: true };
/** `from`: what had the focus before; not of a notice. */
type Toast = { id: number; text: string; act?: Act; from?: Element | null };
const SHOWN_MS = 6_000;
/** Long enough to get to the button by keys. */
export const UNDO_WITHIN_MS = 10_000;

let list: Toast[] = [];
let last = 0;
/** The newest message when something was written last. */
let written = 0;
const listeners = new Set<() => void>();

function put(next: Toast[]): void {
  list = next;
  for (const listener of listeners) listener();
}

/** Shows a short message for a while. With `undo`, a button that takes the act back. */
export function toast(text: string, undo?: () => void): void {
  offer(text, undo && { label: t('app.undo'), run: undo, undoes: true });
}

/** Shows a short message for a while, with a button. */
export function offer(text: string, act?: Act): void {
  last += 1;
  const id = last;
  const toast = { id, text, from: document.activeElement, ...(act && { act }) };
  put([...list.slice(-2), toast]);
  setTimeout(() => remove(toast), act ? UNDO_WITHIN_MS : SHOWN_MS);
}

/** Takes a message away. Its button may have the focus, which goes back to where it was, or else into the page. */
function remove({ id, from }: Toast): void {
  const isIn = document.getElementById(`toast-${id}`)?.contains(document.activeElement) ?? false;
  put(list.filter((one) => one.id !== id));
  if (!isIn) return;
  const isThere = from instanceof HTMLElement && from !== document.body && from.isConnected;
  if (isThere) from.focus();
  // The focus may not go to what is disabled or hidden by now.
  if (!isThere || document.activeElement !== from)
    places()
      .map((place) => document.querySelector<HTMLElement>(place))
      .find((one) => one !== null)
      ?.focus();
}

/** Returns where the focus may go, the best first. A field would call up the keyboard of a phone. */
function places(): string[] {
  const talk = matchMedia('(pointer: fine)').matches ? '#message' : '[role=log]';
  return [talk, 'h1[tabindex]', '[data-main]', '#show-list'];
}

/** Shows a message with something to do about it, until that is done. The same text is shown once. */
export function notice(text: string, act: Act): void {
  last += 1;
  put([...list.filter((one) => one.text !== text).slice(-2), { id: last, text, act }]);
}

/** Takes away what was said to somebody who has signed out, with its buttons. */
export function forgetToasts(): void {
  put(list.filter(({ from }) => from === undefined));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('keydown', undo);
  addEventListener('input', note);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    removeEventListener('keydown', undo);
    removeEventListener('input', note);
  };
}

function note(): void {
  written = last;
}

/** Shows the messages above the page. */
export function Toasts() {
  return (
    <div
      role="status"
      // The next message is read alone.
      aria-atomic={false}
      className="pointer-events-none fixed inset-x-0 bottom-36 z-30 flex flex-col items-center gap-2 px-4"
    >
      <Shown list={useSyncExternalStore(subscribe, () => list)} />
    </div>
  );
}

/** How many parts of the page show the messages themselves. */
let parts = 0;

/**
 * Shows the messages in a row of their own, so that they cover nothing.
 * @param part whether a part of the page has this row: the row of the whole page is empty meanwhile
 */
export function ToastRow({ part = false }: { part?: boolean }) {
  const shown = useSyncExternalStore(subscribe, () => (part || parts === 0 ? list : NONE));
  useEffect(() => {
    if (!part) return;
    parts += 1;
    put(list);
    return () => {
      parts -= 1;
      put(list);
    };
  }, [part]);
  return (
    <div
      role="status"
      // The next message is read alone.
      aria-atomic={false}
      className={`flex flex-wrap justify-center gap-2 px-4 ${shown.length === 0 ? '' : 'py-1.5'}`}
    >
      <Shown list={shown} />
    </div>
  );
}
const NONE: Toast[] = [];

/** Takes the last act back by Ctrl+Z, ⌘Z on a Mac: by Tab the button is far from where somebody is. */
function undo(event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, shiftKey, altKey, repeat, target } = event;
  if (key.toLowerCase() !== 'z' || !(ctrlKey || metaKey) || shiftKey || altKey) return;
  const toast = list.findLast(({ act }) => act?.undoes);
  if (toast === undefined || repeat || event.defaultPrevented) return;
  // Whoever writes takes back what was written, or deleted, in the field.
  if (isWritten(target) && (target.value !== '' || toast.id <= written)) return;
  event.preventDefault();
  toast.act?.run();
  remove(toast);
}

function isWritten(field: EventTarget | null): field is HTMLInputElement | HTMLTextAreaElement {
  if (field instanceof HTMLTextAreaElement) return true;
  return field instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'file'].includes(field.type);
}

function Shown({ list: shown }: { list: Toast[] }) {
  return (
    <>
      {shown.map((toast) => (
        <div
          key={toast.id}
          id={`toast-${toast.id}`}
          className={`pointer-events-auto flex items-center gap-3 rounded-xl bg-ink py-2 ps-4 text-sm text-paper shadow-lg ${toast.act ? 'pe-2' : 'pe-4'}`}
        >
          <span id={`toast-${toast.id}-text`} className="py-1.5">
            {toast.text}
          </span>
          {toast.act && (
            <button
              type="button"
              aria-describedby={`toast-${toast.id}-text`}
              aria-keyshortcuts={toast.act.undoes && 'Control+Z Meta+Z'}
              className="min-h-9 rounded-lg px-3 font-semibold underline underline-offset-2"
              onClick={() => {
                toast.act?.run();
                remove(toast);
              }}
            >
              {toast.act.label}
            </button>
          )}
        </div>
      ))}
    </>
  );
}
