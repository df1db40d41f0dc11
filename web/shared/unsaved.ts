import { type RefObject, useEffect, useRef } from 'react';
import { listeners } from './listeners.ts';

/** Functions that say whether a form has unsaved changes. */
const forms = new Set<() => boolean>();
const asking = listeners();
/** Where somebody wanted to go, until they say whether they leave. */
let wanted: (() => void) | undefined;
/** The number of the entry of the history where the form is. */
let place = 0;
/** A step of the history that only takes back another one. */
let isStepBack = false;

function ask(go: (() => void) | undefined): void {
  wanted = go;
  asking.changed();
}

function isUnsaved(): boolean {
  return [...forms].some((changed) => changed());
}

/** Goes to a place at once, or asks first where a form is not saved. */
export function leave(go: () => void, holds = isUnsaved): void {
  if (holds()) ask(go);
  else go();
}

/** Goes without being asked again. */
function leaveAll(go: () => void): void {
  forms.clear();
  go();
}

function register(changed: () => boolean): () => void {
  forms.add(changed);
  place = placeNow();
  return () => void forms.delete(changed);
}

/** Asks before the user leaves a page whose form is not saved. @param changed whether it holds a change */
export function useUnsaved(changed: boolean | (() => boolean)): void {
  const now = useRef(changed);
  now.current = changed;
  useEffect(() => {
    return register(() => (typeof now.current === 'function' ? now.current() : now.current));
  }, []);
}

/** As `useUnsaved`, for a form whose fields keep their own values. @returns where the form belongs */
export function useUnsavedForm(): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    return register(() => [...(form.current?.elements ?? [])].some(isTouched));
  }, []);
  return form;
}

/** Fields whose text is typed again in a moment, or must not be kept. */
const BRIEF = ['off', 'one-time-code', 'current-password', 'new-password'];

/** Asks before the user closes a dialog whose texts they changed. @returns whether it holds such a text */
export function useUnsavedDialog(dialog: RefObject<HTMLDialogElement | null>): () => boolean {
  const first = useRef(new Map<Element, string>());
  const texts = () =>
    [
      ...(dialog.current?.querySelectorAll(
        'textarea, input:not([type]), input[type="text"], input[type="email"], input[type="url"]',
      ) ?? []),
    ] as (HTMLInputElement | HTMLTextAreaElement)[];
  const holds = () =>
    texts().some(
      (field) =>
        !BRIEF.includes(field.autocomplete) && field.value.trim() !== (first.current.get(field) ?? ''),
    );
  useEffect(() => {
    for (const field of texts()) first.current.set(field, field.value.trim());
  }, []);
  useUnsaved(holds);
  return holds;
}

function isTouched(field: Element): boolean {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return false;
  if (field instanceof HTMLInputElement && field.type === 'checkbox')
    return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

addEventListener('beforeunload', (event) => {
  if (isUnsaved()) event.preventDefault();
});

// Listens before the router, which follows links and steps of the history at once. So this module is loaded first.
document.addEventListener(
  'click',
  (event) => {
    const { target, metaKey, ctrlKey, shiftKey, altKey, button } = event;
    const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[href]') : null;
    if (link === null || button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
    if (link.target === '_blank' || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.href === location.href || !isUnsaved()) return;
    event.preventDefault();
    event.stopPropagation();
    ask(() => leaveAll(() => link.click()));
  },
  true,
);

addEventListener('popstate', (event) => {
  if (isStepBack) {
    isStepBack = false;
    event.stopImmediatePropagation();
    return;
  }
  const by = placeNow() - place;
  if (by === 0 || !isUnsaved()) return;
  event.stopImmediatePropagation();
  isStepBack = true;
  history.go(-by);
  ask(() => leaveAll(() => history.go(by)));
});

/** The number that the router gives each entry of the history. */
function placeNow(): number {
  return Number((history.state as { idx?: number } | null)?.idx ?? 0);
}

/** What the dialog of `LeaveDialog.tsx` needs: where somebody wanted to go, and its two answers. */
export const leaving = {
  subscribe: asking.subscribe,
  wanted: () => wanted,
  stay: () => ask(undefined),
  go(): void {
    const go = wanted;
    ask(undefined);
    go?.();
  },
};
