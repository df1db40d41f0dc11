import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser, launchBrowser } from '../support/browser.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { ask, type Opened, openPage, signIn } from '../support/pages.ts';
import { startStack, type Stack } from '../support/stack.ts';

/** The page against the running product, of which parts are killed. */
describeBrowser('the chat page and the whole product', function () {
  this.timeout(120_000);
  let stack: Stack;
  let browser: Browser;
  let user: BuiltUser;
  let opened: Opened;
  before(async () => {
    [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
  });
  beforeEach(async () => {
    stack.provider.reset();
    user = await buildUser();
  });
  afterEach(() => opened.page.context().close());
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const at = async (web: string | undefined): Promise<Page> => {
    opened = await openPage(browser, `${web}/`);
    await signIn(opened.page, user.email);
    return opened.page;
  };
  const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
  const reply = async () => {
    const row = await knex('messages').where({ user_id: user.id, message_type: 'assistant' }).first();
    return row.content as string;
  };

  it('shows the restarted answer whole when the worker is killed in the middle', async () => {
    const page = await at(stack.web[0]);
    stack.provider.pause(4);
    await ask(page, 'kill [[tokens:30]]');
    await log(page).getByText('w1 w2').waitFor();
    const [victim] = stack.of('completion');
    await stack.add('completion');
    victim?.kill('SIGKILL');
    stack.provider.resume();
    await page.getByRole('button', { name: 'Good answer' }).waitFor({ timeout: 60_000 });
    const text = await log(page).getByRole('article', { name: 'Answer' }).locator('.prose').innerText();
    expect(text).to.equal(await reply());
    expect(text).to.match(/^w1 .* w30$/);
    expect((await knex('runs').where({ user_id: user.id }).first()).attempt).to.equal(2);
    expect(opened.faults).to.deep.equal([]);
  });

  it('goes on when its replica is killed in the middle, without a reload', async () => {
    const added = await stack.add('web');
    const page = await at(added.url);
    stack.provider.pause(4);
    await ask(page, 'replica [[tokens:40]]');
    await log(page).getByText('w1 w2').waitFor();
    added.kill('SIGKILL');
    await added.exited;
    await page.getByRole('textbox', { name: 'Message' }).fill('and this [[tokens:2]]');
    await page.getByRole('button', { name: 'Send' }).click();
    await log(page).getByText('Sending …').waitFor();
    stack.provider.resume();
    await stack.add('web', { PORT: new URL(added.url).port });
    await log(page).getByText(/w40$/).waitFor({ timeout: 60_000 });
    await log(page).getByText('w1 w2', { exact: true }).waitFor({ timeout: 60_000 });
    const questions = await knex('messages').where({ user_id: user.id, message_type: 'user' });
    expect(questions).to.have.length(2);
    expect(new Set(questions.map(({ conversation_id }) => conversation_id)).size).to.equal(1);
    // The dead replica's refused connections are errors in the console.
    expect(opened.faults.filter((fault) => !/ERR_CONNECTION|WebSocket connection/.test(fault))).to.deep.equal(
      [],
    );
  });
});
