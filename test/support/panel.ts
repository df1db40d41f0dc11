import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { Api } from './api.ts';
import { PASSWORD } from './factories.ts';
import { DESKTOP, expectAccessible } from './pages.ts';
import { servedPages } from './servedPages.ts';
import { shoot } from './browser.ts';

export const TABLET = { width: 820, height: 1180 };

/** The looks in which each page of the panel is checked. */
const LOOKS = {
  light: { viewport: DESKTOP, colorScheme: 'light' },
  dark: { viewport: DESKTOP, colorScheme: 'dark' },
  tablet: { viewport: TABLET, colorScheme: 'light' },
} as const;

/** A panel that is served in this process, and a browser that opens it. */
export type Panel = {
  readonly api: Api;
  /** Opens a page of the panel, and signs in. */
  at: (user: { email: string }, path?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Opens a page of the panel without signing in. */
  open: (path?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Forgets the errors of all pages: a refusal is an error of the console. */
  forgive: () => void;
};

/** Serves the panel for the tests of a suite; see `servedPages`. */
export function usePanel(): Panel {
  const served = servedPages();
  const open = (path = '', options: BrowserContextOptions = {}) => served.open(`/admin${path}`, options);
  return {
    get api() {
      return served.api();
    },
    open,
    async at(user, path = '', options = {}) {
      const page = await open(path, options);
      await enterPanel(page, user.email);
      return page;
    },
    forgive: served.excuse,
  };
}

/** Signs in on the panel's own form, and waits for its navigation. */
export async function enterPanel(page: Page, email: string): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Admin' }).waitFor();
}

/**
 * Checks a page in light, dark and on a tablet: no serious finding, nothing wider than the screen. One sign-in serves
 * all looks; the page is loaded anew for each, because some choose their layout when they load.
 * @param ready waits for what the page shows
 */
export async function expectSound(
  panel: Panel,
  user: { email: string },
  path: string,
  ready: (page: Page) => Promise<unknown>,
): Promise<void> {
  const page = await panel.at(user, path);
  for (const [look, { viewport, colorScheme }] of Object.entries(LOOKS)) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.reload();
    await ready(page);
    await expectAccessible(page);
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wide, `${path} ${look}`).to.be.at.most(0);
    expect(await overHeader(page), `${path} ${look}: the header's parts stand in it`).to.be.at.most(0);
    // A page scrolls within itself: a picture of all of it needs a tall window.
    if (process.env.SHOTS) await page.setViewportSize({ ...page.viewportSize()!, height: 1_900 });
    await shoot(page, `panel${path.replaceAll(/\W+/g, '-')}-${look}`);
  }
}

/** Checks that a message covers no link, button or field of the page. */
export async function expectUncovered(page: Page, text: string): Promise<void> {
  await page.getByRole('status').getByText(text).waitFor();
  const covered = await page.evaluate<string[]>(
    `(() => {
      const message = [...document.querySelectorAll('[role=status] > div')].find((one) => one.innerText.includes(${JSON.stringify(text)}));
      const { left, right, top, bottom } = message.getBoundingClientRect();
      return [...document.querySelectorAll('a, button, input, select, textarea')]
        .filter((part) => !message.contains(part) && part.checkVisibility())
        .filter((part) => {
          const box = part.getBoundingClientRect();
          const end = Math.min(box.bottom, part.closest('main')?.getBoundingClientRect().bottom ?? box.bottom);
          return box.left < right && box.right > left && box.top < bottom && end > top;
        })
        .map((part) => part.innerText || part.ariaLabel || part.tagName);
    })()`,
  );
  expect(covered, text).to.deep.equal([]);
}

/** How far the parts of the page's header stand out of it, in pixels, where they have little room. */
async function overHeader(page: Page): Promise<number> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 420, height: size.height });
  const over = await page.evaluate<number>(
    `(() => { const header = document.querySelector('main > header'); return header === null ? 0 : header.scrollHeight - header.clientHeight; })()`,
  );
  await page.setViewportSize(size);
  return over;
}
