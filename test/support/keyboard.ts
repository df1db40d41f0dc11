import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';

/** More stops than a page of ours has. */
const MOST = 120;

/** What has the focus, and whether somebody can see that it has. */
type Stop = { name: string; tag: string; seen: boolean; inView: boolean };
const STOP = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return { name: '', tag: 'body', seen: true, inView: true };
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  // A field may leave it to what is around it.
  const around = one.parentElement.closest('[class*="focus-within:"]');
  return {
    name: (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent ?? '').trim().slice(0, 60), tag: one.tagName.toLowerCase(),
    seen: ring || around !== null,
    inView: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  };
})()`;

/** Presses Tab until something has the focus. Each stop on the way is in view, and shows that it has the focus. */
export async function tabTo(page: Page, wanted: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await wanted.first().waitFor();
  const met: string[] = [];
  for (let presses = 0; presses < MOST; presses += 1) {
    if ((await wanted.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press(key);
    met.push(await expectSeen(page));
  }
  throw new Error(`${MOST} stops do not lead to ${String(wanted)}: ${met.join(', ')}`);
}

/** Checks that what has the focus is in view and shows it. Returns what it is. */
export async function expectSeen(page: Page): Promise<string> {
  const { name, tag, seen, inView } = await page.evaluate<Stop>(STOP);
  const what = `${tag} “${name}” on ${page.url()}`;
  expect(seen, `${what} shows its focus`).to.equal(true);
  expect(inView, `${what} is in view`).to.equal(true);
  return `${tag} ${name}`;
}

/** Goes once around a page by Tab: the focus leaves every part of it again. Returns the stops. */
export async function walkAround(page: Page): Promise<string[]> {
  const stops: string[] = [];
  await page.evaluate(`document.activeElement?.blur?.(); window.walked = new Set(); undefined`);
  for (let presses = 0; presses < MOST; presses += 1) {
    await page.keyboard.press('Tab');
    const again = await page.evaluate<boolean>(
      `(() => { const one = document.activeElement, had = walked.has(one); walked.add(one); return had; })()`,
    );
    if (again) return stops;
    stops.push(await expectSeen(page));
  }
  throw new Error(`no way around in ${MOST} stops: ${stops.join(', ')}`);
}

/** A script for the beginning of a page: `window.told` lists what the regions for screen readers alone say, each text once. */
export const LISTENS = `(() => {
  window.told = [];
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    let last = '';
    const look = () => {
      const text = root.textContent.trim();
      if (text !== '' && text !== last) told.push(text);
      last = text;
    };
    new MutationObserver(look).observe(root, { childList: true, subtree: true, characterData: true });
    return root;
  };
})()`;
