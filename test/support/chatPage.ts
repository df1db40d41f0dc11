import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import type { BuiltUser } from './factories.ts';
import { ask, DESKTOP, PHONE, signIn } from './pages.ts';
import { type ServedPages, servedPages } from './servedPages.ts';
import { playWorker, type Sent, send } from './web.ts';

export const PHONE_OPTIONS: BrowserContextOptions = { viewport: PHONE, hasTouch: true, isMobile: true };
export const LOOKS: Record<string, BrowserContextOptions> = {
  light: { viewport: DESKTOP, colorScheme: 'light' },
  dark: { viewport: DESKTOP, colorScheme: 'dark' },
  'phone-light': { ...PHONE_OPTIONS, colorScheme: 'light' },
  'phone-dark': { ...PHONE_OPTIONS, colorScheme: 'dark', reducedMotion: 'reduce' },
};

export type ChatPages = Omit<ServedPages, 'open'> & {
  /** Opens a page in a context of its own. */
  open: (options?: BrowserContextOptions, path?: string) => Promise<Page>;
  /** Opens a page and signs a user in. */
  at: (user: BuiltUser, options?: BrowserContextOptions, path?: string) => Promise<Page>;
  /** Asks in a page, and plays the worker that answers. */
  begun: (page: Page, user: { id: number }, question: string) => ReturnType<typeof playWorker>;
  /** A conversation with an answer, made without a page. */
  talk: (user: BuiltUser, question: string, answer: string) => Promise<Sent>;
  /** A conversation of a first question, its answer, and so many more messages. @returns its id */
  long: (user: BuiltUser, count: number) => Promise<number>;
};

/** Serves the chat page for the tests of a suite; see `servedPages`. */
export function chatPages(): ChatPages {
  const served = servedPages();
  const open = (options: BrowserContextOptions = {}, path = '/') => served.open(path, options);
  const talk = async (user: BuiltUser, question: string, answer: string) => {
    const sent = await send(served.api(), user, { content: question });
    const worker = await playWorker(user, sent);
    await worker.say(answer);
    await worker.finish({ title: question } as object);
    await worker.announce();
    return sent;
  };
  return {
    ...served,
    open,
    talk,
    async at(user, options = {}, path = '/') {
      const page = await open(options, path);
      await signIn(page, user.email);
      return page;
    },
    async begun(page, user, question) {
      await ask(page, question);
      await page.waitForURL(/\/c\/\d+$/);
      return playWorker(user as BuiltUser, await newestRun(user));
    },
    async long(user, count) {
      const { conversation_id } = await talk(user, 'first of all', 'yes');
      const messages = Array.from({ length: count }, (_, i) => ({
        conversation_id,
        user_id: user.id,
        content: `message ${i}\n\n${'words '.repeat(30)}`,
        message_type: i % 2 === 0 ? 'user' : 'assistant',
        status: 'sent',
      }));
      await knex.batchInsert('messages', messages, 200);
      return conversation_id;
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
