import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Api } from './api.ts';
import { launchBrowser } from './browser.ts';
import { type Opened, openPage } from './pages.ts';
import { serveWeb } from './web.ts';

export type ServedPages = {
  api: () => Api;
  /** Opens a page in a context of its own. */
  open: (path: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Forgets what went wrong in the pages so far: the test caused it. */
  excuse: () => void;
};

/** Serves `web` and a browser to the tests of a suite. After each test, all pages are closed and may have had no fault. */
export function servedPages(): ServedPages {
  let api: Api;
  let browser: Browser;
  const opened: Opened[] = [];
  before(async () => {
    api = await serveWeb();
    browser = await launchBrowser();
  });
  afterEach(async () => {
    const faults = opened.flatMap((one) => one.faults);
    for (const { page } of opened.splice(0)) await page.context().close();
    expect(faults).to.deep.equal([]);
  });
  after(async () => {
    await browser?.close();
    await api?.close();
  });
  return {
    api: () => api,
    async open(path, options = {}) {
      const one = await openPage(browser, `${api.url}${path}`, options);
      opened.push(one);
      return one.page;
    },
    excuse() {
      for (const { faults } of opened) faults.splice(0);
    },
  };
}
