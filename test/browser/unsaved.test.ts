import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser } from '../support/browser.ts';
import { chatPages, log } from '../support/chatPage.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { usePanel } from '../support/panel.ts';

/** Waits for the question, and stays. */
async function expectAsked(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await dialog.getByRole('button', { name: 'Stay here' }).click();
  await dialog.waitFor({ state: 'detached' });
}

type Form = {
  /** Writes something into the form. */
  write: (page: Page) => Promise<unknown>;
  /** Wants to leave. */
  leave: (page: Page) => Promise<unknown>;
};
const escape = (page: Page) => page.keyboard.press('Escape');
const fill =
  (name: string | RegExp, text = 'Something') =>
  (page: Page) =>
    page.getByRole('textbox', { name }).first().fill(text);
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const both = (first: Form['write'], then: Form['write']) => async (page: Page) => {
  await first(page);
  await then(page);
};

describeBrowser('forms of the panel', function () {
  this.timeout(200_000);
  const panel = usePanel();
  let admin: BuiltUser;
  let other: BuiltUser;
  let assistant: number;
  before(async () => {
    admin = await buildUser({ role: 'admin' });
    other = await buildUser();
    const { body } = await panel.api.call('POST', '/assistants', { name: 'Tried' }, { token: admin.access });
    assistant = Number(body.id);
    await panel.api.call('PUT', `/assistants/${assistant}`, { temperature: 0.5 }, { token: admin.access });
  });

  const away = (page: Page) =>
    page.getByRole('navigation', { name: 'Admin' }).getByRole('link', { name: 'Audit' }).click();
  const FORMS: Record<string, Form & { path: () => string }> = {
    'a new FAQ': { path: () => '/knowledge/new', write: fill('Question'), leave: away },
    'a new category': { path: () => '/knowledge/categories', write: fill('Description'), leave: away },
    'an import': {
      path: () => '/knowledge/import',
      write: (page) =>
        page.locator('input[type=file]').setInputFiles({
          name: 'a.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from('question,answer\na,b\n'),
        }),
      leave: both((page) => page.getByText('1 rows').or(page.getByText('1 row')).first().waitFor(), away),
    },
    'a new assistant': {
      path: () => '/assistants',
      write: both(press('New assistant'), fill('Name')),
      leave: escape,
    },
    'an assistant': { path: () => `/assistants/${assistant}`, write: fill('Instructions'), leave: away },
    'a question to try': { path: () => `/assistants/${assistant}`, write: fill('Question'), leave: away },
    'an experiment': {
      path: () => `/assistants/${assistant}/experiments`,
      write: (page) => page.getByRole('spinbutton').fill('20'),
      leave: away,
    },
    'a new endpoint': {
      path: () => '/webhooks',
      write: both(press('Add endpoint'), fill('URL')),
      leave: escape,
    },
    'a reason for an erasure': {
      path: () => `/users/${other.id}`,
      write: both(press('Erase'), fill(/Reason/)),
      leave: escape,
    },
  };
  for (const [name, { path, write, leave }] of Object.entries(FORMS))
    it(`ask before they lose ${name}`, async () => {
      const page = await panel.at(admin, path());
      await write(page);
      await leave(page);
      await expectAsked(page);
    });
});

describeBrowser('forms of the chat page', function () {
  this.timeout(200_000);
  const pages = chatPages();
  const home = (page: Page) => page.getByRole('button', { name: 'New conversation' }).first().click();
  const inTalk = (act: Form['write']) => async (page: Page) => {
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').first().click();
    await log(page).getByText('Three days').waitFor();
    await act(page);
  };
  const FORMS: Record<string, Form & { path?: string }> = {
    'a name': { path: '/account', write: fill('First name'), leave: home },
    'a new password': { path: '/account', write: fill('New password'), leave: home },
    'a new address': {
      path: '/account',
      write: both(press('Change e-mail address'), fill(/New e-mail/, 'a@example.org')),
      leave: home,
    },
    'a question that is edited': {
      write: inTalk(both((page) => page.locator('[data-edit-last]').click({ force: true }), fill(/edit/i))),
      leave: home,
    },
    'the name of a conversation': { write: inTalk(both(press('Rename'), fill('Name'))), leave: escape },
    'a comment on an answer': {
      write: inTalk(both(press('Bad answer'), fill('What was wrong?'))),
      leave: escape,
    },
  };
  for (const [name, { path = '/', write, leave }] of Object.entries(FORMS))
    it(`ask before they lose ${name}`, async () => {
      const user = await buildUser();
      await pages.talk(user, 'How long?', 'Three days.');
      const page = await pages.at(user);
      if (path !== '/') await page.goto(`${pages.api().url}${path}`);
      await write(page);
      await leave(page);
      await expectAsked(page);
    });

  it('ask before they lose a question that is edited, also after a dialog was left', async () => {
    const user = await buildUser();
    await pages.talk(user, 'How long?', 'Three days.');
    const page = await pages.at(user);
    await inTalk(both((page) => page.locator('[data-edit-last]').click({ force: true }), fill(/edit/i)))(
      page,
    );
    await both(press('Rename'), fill('Name'))(page);
    await escape(page);
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await home(page);
    await expectAsked(page);
  });

  it('ask before they lose a comment on a conversation that is closed', async () => {
    const user = await buildUser();
    const { conversation_id: id } = await pages.talk(user, 'How long?', 'Three days.');
    await knex('conversations').where({ id }).update({ status: 'resolved' });
    const page = await pages.at(user);
    await inTalk(both(press('4 of 5'), fill(/anything/i)))(page);
    await home(page);
    await expectAsked(page);
  });

  it('ask before they lose a name to another language, or to a sign-out', async () => {
    const page = await pages.at(await buildUser());
    await page.goto(`${pages.api().url}/account`);
    await fill('First name', 'Ada')(page);
    await page.getByLabel('Language', { exact: true }).selectOption('de');
    await expectAsked(page);
    for (const way of [/^Sign out$/, 'Sign out everywhere']) {
      await press(way)(page);
      await expectAsked(page);
    }
    expect(await page.getByRole('textbox', { name: 'First name' }).inputValue()).to.equal('Ada');
    await page.getByLabel('Language', { exact: true }).selectOption('de');
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('textbox', { name: 'Vorname' }).waitFor();
  });

  it('ask before they lose a registration', async () => {
    const page = await pages.open({}, '/register');
    await fill('Username')(page);
    await page.getByRole('link', { name: 'I have an account' }).click();
    await expectAsked(page);
  });
});
