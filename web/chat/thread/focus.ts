/**
 * Puts the focus into the conversation when what had it is gone: into the field, or to the messages where the field would call
 * up a keyboard on the screen. Whoever writes or is in a dialog by now stays there.
 */
export function focusTalk(): void {
  if (document.activeElement?.matches('input, textarea, select, dialog *')) return;
  const wanted = matchMedia('(pointer: fine)').matches ? '#message' : '[role=log]';
  document.querySelector<HTMLElement>(wanted)?.focus();
}
