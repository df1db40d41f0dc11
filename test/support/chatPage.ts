import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import type { Api } from './api.ts';
import { launchBrowser } from './browser.ts';
import type { BuiltUser } from './factories.ts';
import { ask, DESKTOP, type Opened, openPage, PHONE, signIn } from './pages.ts';
import { playWorker, type Sent, send, serveWeb } from './web.ts';

export const PHONE_OPTIONS: BrowserContextOptions = { viewport: PHONE, hasTouch: true, isMobile: true };
export const LOOKS: Record<string, BrowserContextOptions> = {
  light: { viewport: DESKTOP, colorScheme: 'light' },
  dark: { viewport: DESKTOP, colorScheme: 'dark' },
  'phone-light': { ...PHONE_OPTIONS, colorScheme: 'light' },
  'phone-dark': { ...PHONE_OPTIONS, colorScheme: 'dark', reducedMotion: 'reduce' },
};

export type ChatPages = {
  api: () => Api;
  /** Opens a page in a context of its own. */
  open: (options?: BrowserContextOptions, path?: string) => Promise<Page>;
  /** Opens a page and signs a user in. */
  at: (user: BuiltUser, options?: BrowserContextOptions, path?: string) => Promise<Page>;
  /** Forgets what went wrong in the pages so far: the test caused it. */
  excuse: () => void;
  /** Asks in a page, and plays the worker that answers. */
  begun: (page: Page, user: { id: number }, question: string) => ReturnType<typeof playWorker>;
  /** A conversation with an answer, made without a page. */
  talk: (user: BuiltUser, question: string, answer: string) => Promise<Sent>;
};

/** Serves `web` and a browser to the tests of a suite. After each test: no error, no violation of a policy. */
export function chatPages(): ChatPages {
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
  const open = async (options: BrowserContextOptions = {}, path = '/'): Promise<Page> => {
    const one = await openPage(browser, `${api.url}${path}`, options);
    opened.push(one);
    return one.page;
  };
  return {
    api: () => api,
    open,
    async at(user, options = {}, path = '/') {
      const page = await open(options, path);
      await signIn(page, user.email);
      return page;
    },
    excuse() {
      for (const { faults } of opened) faults.splice(0);
    },
    async begun(page, user, question) {
      await ask(page, question);
      await page.waitForURL(/\/c\/\d+$/);
      return playWorker(user as BuiltUser, await newestRun(user));
    },
    async talk(user, question, answer) {
      const sent = await send(api, user, { content: question });
      const worker = await playWorker(user, sent);
      await worker.say(answer);
      await worker.finish({ title: question } as object);
      await worker.announce();
      return sent;
    },
  };
}

/** The newest run of a user. */
export async function newestRun(user: { id: number }): Promise<Sent> {
  const row = await knex('runs').where({ user_id: user.id }).orderBy('id', 'desc').first();
  const { id: run_id, conversation_id, message_id, reply_id } = row;
  return { run_id, conversation_id, message_id, reply_id, status: 'queued' };
}

export function log(page: Page): Locator {
  return page.getByRole('log', { name: 'Messages' });
}

export function message(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Message' });
}
