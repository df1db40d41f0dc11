import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { describeBrowser } from '../support/browser.ts';
import { chatPages, log, message, newestRun, PHONE_OPTIONS } from '../support/chatPage.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { expectSeen, LISTENS, tabTo, walkAround } from '../support/keyboard.ts';
import { ask } from '../support/pages.ts';
import { usePanel } from '../support/panel.ts';
import { until } from '../support/until.ts';
import { playWorker, send } from '../support/web.ts';

/** Signs in by Tab and Enter. */
async function enter(page: Page, email: string): Promise<void> {
  await tabTo(page, page.getByRole('textbox', { name: 'E-mail' }));
  await page.keyboard.type(email);
  await tabTo(page, page.getByRole('textbox', { name: 'Password' }));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
}

describeBrowser('the chat page by keyboard alone', function () {
  this.timeout(200_000);
  const pages = chatPages();

  it('signs in, asks, rates the answer, renames, asks anew and comes back', async () => {
    const user = await buildUser();
    const page = await pages.open();
    await enter(page, user.email);
    await tabTo(page, message(page));
    await page.keyboard.type('How long does it take?');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/c\/\d+$/);
    const worker = await playWorker(user, await newestRun(user));
    await worker.say('Three days. [More](https://example.org)');
    await worker.finish({ title: 'How long does it take?' } as object);
    await worker.announce();
    await log(page).getByText('Three days.').waitFor();

    await tabTo(page, page.getByRole('button', { name: 'Good answer' }));
    await page.keyboard.press('Enter');
    await until(
      'the answer is rated',
      async () => (await knex('message_feedback').where({ user_id: user.id })).length === 1,
    );
    await tabTo(page, page.getByRole('button', { name: 'Rename' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.getByRole('dialog').getByRole('textbox').and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Delivery');
    // Escape would drop the name: the page asks, and goes back to the field.
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Stay here' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('dialog').getByRole('textbox'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Delivery' }).waitFor();

    await page.keyboard.press('Control+Shift+O');
    await page.waitForURL((url) => url.pathname === '/');
    await expectSeen(page);
    await tabTo(page, page.getByRole('list', { name: 'Conversations' }).getByRole('link'), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await log(page).getByText('Three days.').waitFor();
    const stops = await walkAround(page);
    for (const one of ['textarea Message', 'button Rename', 'button Good answer'])
      expect(stops.join('|')).to.include(one);
  });
});

describeBrowser('the focus on the chat page', function () {
  this.timeout(200_000);
  const pages = chatPages();
  const focused = (page: Page, role: 'button' | 'heading' | 'textbox', name: string | RegExp) =>
    page.getByRole(role, { name }).and(page.locator(':focus')).waitFor();

  it('goes to the heading of the next page, and to the field that the server refused', async () => {
    const page = await pages.open();
    await tabTo(page, page.getByRole('link', { name: 'Create an account' }));
    await page.keyboard.press('Enter');
    await focused(page, 'heading', 'Create an account');
    await page.getByRole('textbox', { name: 'E-mail' }).fill('somebody@example.org');
    await page.getByRole('textbox', { name: 'Username' }).fill('somebody');
    await page.getByRole('textbox', { name: 'Password' }).fill('password1');
    await page.getByRole('checkbox', { name: /my data is stored/ }).check();
    await tabTo(page, page.getByRole('button', { name: 'Create account' }));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await focused(page, 'textbox', 'Password');
    pages.excuse();
  });

  it('is never lost: not by another answer, an earlier one, a stop, a new name, a deletion', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    const first = await pages.begun(page, user, 'One?');
    await first.say('The first answer');
    await first.finish();
    await first.announce();
    await tabTo(page, page.getByRole('button', { name: 'Answer again' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await focused(page, 'textbox', 'Message');
    const second = await playWorker(user, await newestRun(user));
    await second.say('The second answer');
    await second.finish();
    await second.announce();
    await tabTo(page, page.getByRole('button', { name: 'Earlier answer' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await log(page).getByText('The first answer').waitFor();
    await focused(page, 'button', 'Earlier answer');
    await tabTo(page, message(page));
    await page.keyboard.type('Two?');
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('button', { name: 'Stop' }));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    await focused(page, 'textbox', 'Message');
    await tabTo(page, page.getByRole('button', { name: 'Rename' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Two answers');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Two answers' }).waitFor();
    await focused(page, 'button', 'Rename');
    await tabTo(page, page.getByRole('button', { name: 'Delete conversation' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'New conversation' }).waitFor();
    await focused(page, 'textbox', 'Message');
  });

  it('stays around what goes: an answer to a question, a step, a dialog above another', async () => {
    const user = await buildUser();
    await pages.talk(user, 'One?', 'The first answer');
    const page = await pages.at(user);
    await page.getByRole('link', { name: /^Account/ }).click();
    const near = (part: string) => page.locator(`${part}:focus, ${part} :focus`).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Set up a second factor' }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('textbox').and(page.locator(':focus')).waitFor();
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Code from the app' }).waitFor();
    await near('dialog');
    await page.keyboard.press('Escape');
    await focused(page, 'button', 'Set up a second factor');
    await tabTo(page, page.getByRole('button', { name: 'Archive', exact: true }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('button', { name: 'Back to current ones' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await near('#list');
    await tabTo(page, page.getByRole('list', { name: 'Conversations' }).getByRole('link'));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('button', { name: 'Rename' }));
    await page.keyboard.press('Enter');
    await focused(page, 'textbox', 'Name');
    await page.keyboard.type('!');
    await page.keyboard.press('Escape');
    await tabTo(page, page.getByRole('button', { name: 'Leave' }));
    await page.keyboard.press('Enter');
    await focused(page, 'button', 'Rename');
  });

  it('is on the language while somebody goes through the languages', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await page.getByRole('link', { name: /^Account/ }).click();
    await tabTo(page, page.getByRole('combobox', { name: 'Language' }));
    await page.keyboard.press('ArrowDown');
    await page.getByRole('combobox', { name: 'اللغة' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.getByRole('combobox', { name: 'Language' }).and(page.locator(':focus')).waitFor();
  });

  it('keeps a question that was changed, where Escape is pressed', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'One?', 'The first answer');
    const page = await pages.at(user, {}, `/c/${conversation_id}`);
    await log(page).getByText('The first answer').waitFor();
    await message(page).press('ArrowUp');
    await focused(page, 'textbox', 'Edit the question');
    await page.keyboard.type(' Two?');
    await page.keyboard.press('Escape');
    await tabTo(page, page.getByRole('button', { name: 'Stay here' }));
    await page.keyboard.press('Enter');
    await focused(page, 'textbox', 'Edit the question');
    expect(await page.locator(':focus').inputValue()).to.equal('One? Two?');
    await page.keyboard.press('Escape');
    await tabTo(page, page.getByRole('button', { name: 'Leave' }));
    await page.keyboard.press('Enter');
    await focused(page, 'textbox', 'Message');
  });

  it('is not taken from a user who writes elsewhere by then', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'One?', 'The first answer');
    const page = await pages.at(user, {}, `/c/${conversation_id}`);
    let go = () => {};
    const gate = new Promise<void>((open) => {
      go = open;
    });
    await page.route('**/regenerate', async (route) => {
      await gate;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Answer again' }).click();
    const search = page.getByRole('searchbox', { name: 'Search conversations' });
    await search.pressSequentially('One');
    go();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.keyboard.type('?');
    expect(await search.inputValue()).to.equal('One?');
  });

  it('is in the list that covers a phone, and comes back out of it', async () => {
    const user = await buildUser();
    await pages.talk(user, 'One?', 'Yes.');
    const page = await pages.at(user, PHONE_OPTIONS);
    await page.getByRole('button', { name: /^Show conversations/ }).click();
    await focused(page, 'button', 'New conversation');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    // Nothing behind the list can have it.
    expect(await page.evaluate(`document.activeElement.closest('main') === null`)).to.equal(true);
    await page.keyboard.press('Escape');
    await focused(page, 'button', /^Show conversations/);
    await page.getByRole('button', { name: /^Show conversations/ }).click();
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Yes.').waitFor();
    await focused(page, 'button', /^Show conversations/);
    // Nor does the list come back with the page where it was open.
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'New conversation' }).waitFor();
    expect(await page.getByRole('list', { name: 'Conversations' }).count()).to.equal(0);
  });
});

describeBrowser('what a screen reader is told on the chat page', function () {
  this.timeout(200_000);
  const pages = chatPages();
  const listen = async (page: Page) => {
    await page.addInitScript(LISTENS);
    // Announcements stay for longer, so that the test may look at the page meanwhile.
    await page.addInitScript(
      'const later = setTimeout; window.setTimeout = (act, ms, ...rest) => later(act, ms === 5_000 ? 60_000 : ms, ...rest);',
    );
    await page.reload();
    await message(page).waitFor();
  };
  const told = (page: Page) => page.evaluate<string[]>('told');

  it('is that an answer comes, and then the answer, each once', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await listen(page);
    const worker = await pages.begun(page, user, 'How long?');
    for (const part of ['**Three** ', 'to five ', 'days.']) {
      await worker.say(part);
      await log(page).getByText(part.replaceAll('*', '').trim()).waitFor();
    }
    await worker.finish();
    await worker.announce();
    await page.getByRole('button', { name: 'Answer again' }).waitFor();
    await until('the answer is told', async () => (await told(page)).length === 2);
    expect(await told(page)).to.deep.equal(['Thinking …', 'Answer: Three to five days.']);
    expect(await page.getByText('Three to five days.').count(), 'in the page').to.equal(1);
    // Screen readers see the closed tree, too.
    const devtools = await page.context().newCDPSession(page);
    const { nodes } = await devtools.send('Accessibility.getFullAXTree');
    const texts = nodes.filter(({ role }) => role?.value === 'StaticText').map(({ name }) => name?.value);
    expect(texts).to.include('Answer: Three to five days.');
  });

  it('is the name of each part, and a question before its button', async () => {
    const user = await buildUser();
    await pages.talk(user, 'How long?', 'Three days.');
    const page = await pages.at(user);
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Three days.').waitFor();
    const parts = await page.getByRole('complementary').ariaSnapshot();
    expect(parts).to.match(/complementary "Sidebar"/);
    expect(parts).to.include('heading "Today" [level=2]');
    const mine = await page.getByRole('article', { name: 'You' }).ariaSnapshot();
    expect(mine).to.match(/How long\?[^]*button "Edit the question"/);
  });

  it('is once why messages wait, however many they are', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await listen(page);
    const body = JSON.stringify({ code: 'rate_limited', status: 429, retry_after_s: 3_600 });
    await page.route('**/chat/send', (route) => route.fulfill({ status: 429, body }));
    for (const text of ['one', 'two', 'three']) {
      await ask(page, text);
      await log(page)
        .getByRole('article')
        .filter({ hasText: text })
        .getByText(/Next try:/)
        .waitFor();
    }
    expect(await log(page).getByRole('button', { name: 'Discard' }).count()).to.equal(3);
    expect(await log(page).getByRole('status').filter({ hasText: /./ }).count()).to.equal(0);
    expect(await told(page)).to.have.length(1);
    // The refusals are errors in the console.
    pages.excuse();
  });

  it('is nothing of a conversation that is opened', async () => {
    const user = await buildUser();
    await pages.talk(user, 'How long?', 'Three days.');
    const page = await pages.at(user);
    await listen(page);
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Three days.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).waitFor();
    expect(await told(page)).to.deep.equal([]);
  });
});

describeBrowser('the inbox by keyboard alone', function () {
  this.timeout(200_000);
  const panel = usePanel();
  before(() => untilReady(redis));

  it('takes a conversation, replies, inserts an FAQ, writes a note, resolves and opens it again', async () => {
    const agent = await buildUser({ role: 'agent' });
    await knex('faqs').delete();
    await knex('faqs').insert({
      question: 'How long is the guarantee?',
      answer: 'Two years.',
      language: 'en',
      status: 'published',
      published_at: new Date(),
      slug: `guarantee-${agent.id}`,
    });
    const user = await buildUser();
    await knex('users').where({ id: user.id }).update({ first_name: 'Ada' });
    const { conversation_id } = await send(panel.api, user, { content: 'It broke' });
    await panel.api.call('POST', `/conversations/${conversation_id}/handoff`, {}, { token: user.access });
    const stored = async () => knex('conversations').where({ id: conversation_id }).first();

    const page = await panel.open('/inbox');
    await enter(page, agent.email);
    await tabTo(page, page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /Ada/ }));
    await page.keyboard.press('Enter');
    await page.getByRole('log', { name: 'Messages' }).getByText('It broke').waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Take' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('textbox', { name: 'Reply' }));
    await page.keyboard.type('I am sorry to hear that.');
    await tabTo(page, page.getByRole('button', { name: 'Insert FAQ' }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.getByRole('searchbox').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('guarantee');
    await page.getByRole('button', { name: /How long is the guarantee/ }).waitFor();
    const reply = page.getByRole('textbox', { name: 'Reply' });
    // Enter takes the best one, once it is the one of these words.
    await until('the answer is in the reply', async () => {
      // To the dialog and not to the page: another Enter would send the reply.
      await page
        .getByRole('dialog')
        .getByRole('searchbox')
        .press('Enter', { timeout: 1_000 })
        .catch(() => {});
      return /sorry[^]*Two years/.test(await reply.inputValue());
    });
    // The focus is in the field again.
    expect(await reply.evaluate((field) => field.matches(':focus'))).to.equal(true);
    await page.keyboard.press('Enter');
    await page.getByRole('log', { name: 'Messages' }).getByText('Two years.').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.keyboard.type('Broken on arrival');
    await page.keyboard.press('Enter');
    await page.getByRole('log', { name: 'Messages' }).getByText('Broken on arrival').waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Resolve', exact: true }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await until('it is resolved', async () => (await stored()).status === 'resolved');
    await tabTo(page, page.getByRole('button', { name: 'Take' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await until('it is open again', async () => (await stored()).status === 'agent');
    const stops = await walkAround(page);
    for (const one of ['a Inbox', 'button Resolve', 'textarea Reply'])
      expect(stops.join('|')).to.include(one);
  });
});
