/** What holds the page, and stays whatever is shown. */
const ROOT = 'root';
/** What the page does itself about the focus comes first. */
const WAIT_MS = 50;

/**
 * Gives the focus to the part of the page around what had it, when that goes: Tab goes on from there, and a screen reader says where
 * that is. Otherwise the browser drops the focus to the beginning of the page.
 */
export function keepFocus(): void {
  let last: Element | undefined;
  let around: Element[] = [];
  const isLost = () => last !== undefined && !last.isConnected && document.activeElement === document.body;
  const give = () => {
    if (!isLost()) return;
    const part = around.find((one) => one.isConnected) ?? document.getElementById(ROOT);
    // Another page stands there by now: its heading says which one.
    const wanted = part?.querySelector('h1') ?? part?.querySelector('main') ?? part;
    if (wanted instanceof HTMLElement && wanted.id !== ROOT) focusPart(wanted);
  };
  addEventListener('focusin', ({ target }) => {
    last = target as Element;
    around = [];
    for (let one = last.parentElement; one !== null && one.id !== ROOT; one = one.parentElement)
      around.push(one);
  });
  addEventListener('focusout', ({ target }) => {
    // Somebody who leaves what is still there wants the focus nowhere.
    setTimeout(() => {
      if (target === last && last?.isConnected && document.activeElement === document.body) last = undefined;
    });
  });
  new MutationObserver(() => {
    if (isLost()) setTimeout(give, WAIT_MS);
  }).observe(document.body, { childList: true, subtree: true });
}

function focusPart(part: HTMLElement): void {
  if (!part.hasAttribute('tabindex')) {
    part.tabIndex = -1;
    part.addEventListener('blur', () => part.removeAttribute('tabindex'), { once: true });
  }
  part.focus({ preventScroll: true });
}
