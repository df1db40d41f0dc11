/**
 * Puts the focus into the conversation when what had it is gone: into the field, or to the messages where the field would call
 * up a keyboard on the screen.
 */
export function focusTalk(): void {
  const wanted = matchMedia('(pointer: fine)').matches ? '#message' : '[role=log]';
  document.querySelector<HTMLElement>(wanted)?.focus();
}
