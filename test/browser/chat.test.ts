import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, log, LOOKS, message, newestRun, PHONE_OPTIONS } from '../support/chatPage.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { ask, expectAccessible, PHONE, signIn } from '../support/pages.ts';
import { until } from '../support/until.ts';
import { playWorker, send } from '../support/web.ts';

const HOSTILE = [
  '<img src="https://evil.example/x.png" onerror="window.ran = 1">',
  '<script>window.ran = 1</script>',
  '<svg onload="window.ran = 1"><a xlink:href="javascript:window.ran=1">x</a></svg>',
  '<iframe src="https://evil.example"></iframe>',
  '![picture](https://evil.example/y.png)',
  '[script](javascript:window.ran=1) [spaced](java\tscript:window.ran=1) [data](data:text/html,<script>window.ran=1</script>)',
  '[coded](&#106;avascript:window.ran=1) [ours](/admin) [vb](vbscript:x) <javascript:window.ran=1>',
  '[ref][evil]\n\n[evil]: javascript:window.ran=1',
  'turned \u202Egnp.exe\u202C round',
  `${'>'.repeat(400)} deep`,
  `${'- '.repeat(300)}deep`,
  `| a |\n|---|\n${'| x |\n'.repeat(300)}`,
  '*'.repeat(3_000),
  '['.repeat(3_000),
  '`'.repeat(3_001),
].join('\n\n');

describeBrowser('the chat page', function () {
  this.timeout(120_000);
  const { api, open, at, begun, talk, long, excuse } = chatPages();

  it('signs in, asks, streams the answer and keeps it across a reload', async () => {
    const user = await buildUser();
    const page = await at(user);
    // An empty list is there for those who look for it.
    await page.getByRole('list', { name: 'Conversations' }).waitFor();
    const worker = await begun(page, user, 'What is a list?');
    await worker.say('## A list\n\nHas *items*:\n\n- one\n- two\n\n```ts\nconst a: number = 5;\n```\n\n');
    await log(page).getByRole('heading', { name: 'A list' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await shoot(page, 'streaming');
    await worker.say('| a | b |\n|---|---|\n| 1 | 2 |\n');
    await worker.finish();
    await worker.announce();
    await page.getByRole('button', { name: 'Good answer' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    await log(page).locator('.hljs-keyword').waitFor();
    await shoot(page, 'answered');
    await expectAccessible(page);

    await page.reload();
    await log(page).getByRole('cell', { name: '2' }).waitFor();
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').waitFor();
    expect(await page.evaluate('document.cookie')).to.equal('');
  });

  it('shows the name of a conversation whose first answer was given before the server said what it is', async () => {
    const user = await buildUser();
    const page = await at(user);
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    // The line is slow: what the server said at the beginning comes when the answer is there.
    await page.route(
      /\/conversations\/\d+$/,
      async (route) => {
        const response = await route.fetch();
        await held;
        await route.fulfill({ response }).catch(() => {});
      },
      { times: 1 },
    );
    const worker = await begun(page, user, 'Who names this?');
    await worker.say('The first question.');
    await worker.finish({ title: 'Who names this?' } as object);
    await worker.announce();
    await page.getByRole('button', { name: 'Good answer' }).waitFor();
    go();
    await page.getByRole('heading', { name: 'Who names this?' }).waitFor();
  });

  it('lets a guest in, who becomes an account with the same conversation', async () => {
    const page = await open(PHONE_OPTIONS);
    await page.getByRole('button', { name: 'Try as guest' }).click();
    await message(page).waitFor();
    const { id } = await knex('users').where({ role: 'guest' }).orderBy('id', 'desc').first();
    const worker = await begun(page, { id }, 'Hello');
    await worker.say(`Good day\n\n${'w'.repeat(300)}\n\n\`\`\`\n${'c '.repeat(200)}\n\`\`\`\n`);
    await worker.finish();
    await worker.announce();
    await log(page).getByText('Good day').waitFor();
    await shoot(page, 'phone');
    const box = await page.getByRole('button', { name: 'Send' }).boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).to.be.lessThan(PHONE.width);
    await page.getByRole('button', { name: 'Show conversations' }).click();
    await page.getByRole('link', { name: /^Account/ }).click();
    await shoot(page, 'phone-account');
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(`guest${id}@example.com`);
    await page.getByRole('textbox', { name: 'Username' }).fill(`guest${id}`);
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await page.getByRole('checkbox', { name: /stored/ }).check();
    await page.getByRole('checkbox', { name: /processed/ }).check();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Create account' }).click();
    await message(page).waitFor();
    expect((await knex('users').where({ id }).first()).role).to.equal('user');
    await page.getByRole('button', { name: 'Show conversations' }).click();
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Good day').waitFor();
  });

  it('shows in a second tab what the first one asks', async () => {
    const user = await buildUser();
    const page = await at(user);
    const worker = await begun(page, user, 'From the first');
    const other = await page.context().newPage();
    await other.goto(page.url());
    await log(other).getByText('From the first').waitFor();
    await worker.say('To both');
    for (const tab of [page, other]) await log(tab).getByText('To both').waitFor();
    await worker.finish();
    await worker.announce();
    for (const tab of [page, other]) await tab.getByRole('button', { name: 'Good answer' }).waitFor();
    await ask(other, 'From the second');
    await log(page).getByText('From the second').waitFor();
    await other.getByRole('link', { name: /^Account/ }).click();
    await other.getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('keeps a message that was written without a network, across a reload, and sends it once', async () => {
    const user = await buildUser();
    const page = await at(user);
    let cut = true;
    await page.route('**/chat/send', (route) => (cut ? route.abort() : route.continue()));
    await ask(page, 'Written in a tunnel');
    await log(page).getByText('Sending …').waitFor();
    cut = false;
    await page.reload();
    await message(page).waitFor();
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Written in a tunnel').waitFor();
    expect(await knex('messages').where({ user_id: user.id, message_type: 'user' })).to.have.length(1);
    // The cut requests are errors in the console.
    excuse();
  });

  it('keeps a draft for each conversation', async () => {
    const user = await buildUser();
    const { conversation_id } = await talk(user, 'An old one', 'Yes');
    const page = await at(user);
    await message(page).fill('half a thought');
    await page.getByRole('link', { name: /An old one|New conversation/ }).click();
    await log(page).getByText('Yes').waitFor();
    expect(await message(page).inputValue()).to.equal('');
    await message(page).fill('another\nthought');
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.reload();
    expect(await message(page).inputValue()).to.equal('half a thought');
    await page.goto(`${api().url}/c/${conversation_id}`);
    await log(page).getByText('Yes').waitFor();
    expect(await message(page).inputValue()).to.equal('another\nthought');
  });

  it('sends with Enter and breaks the line with Shift+Enter', async () => {
    const user = await buildUser();
    const page = await at(user);
    await message(page).press('a');
    await message(page).press('Shift+Enter');
    await message(page).press('b');
    await message(page).press('Enter');
    await page.waitForURL(/\/c\/\d+$/);
    const [row] = await knex('messages').where({ user_id: user.id, message_type: 'user' });
    expect(row.content).to.equal('a\nb');
    expect(await message(page).inputValue()).to.equal('');
  });

  it('shows a hostile answer as text: nothing runs, nothing is fetched', async () => {
    const user = await buildUser();
    const { conversation_id } = await talk(user, 'Be evil', HOSTILE);
    const page = await open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).host));
    await signIn(page, user.email);
    await page.goto(`${api().url}/c/${conversation_id}`);
    await log(page).getByText('<script>window.ran = 1</script>').waitFor();
    await log(page).getByText('Picture: picture').waitFor();
    expect(new Set(asked)).to.deep.equal(new Set([new URL(api().url).host]));
    expect(await page.evaluate('window.ran')).to.equal(undefined);
    expect(await log(page).locator('img, script, iframe, svg[onload]').count()).to.equal(0);
    const hrefs = await log(page)
      .locator('a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(hrefs.filter((href) => !/^https?:/.test(href ?? ''))).to.deep.equal([]);
    expect(await log(page).textContent()).to.not.contain('\u202E');
  });

  it('opens a source, rates the answer and asks for another one', async () => {
    const user = await buildUser();
    const [faq] = await knex('faqs')
      .insert({
        question: 'When are you open?',
        answer: 'From **nine**.',
        slug: 'open',
        status: 'published',
        published_at: new Date(),
      })
      .returning('id');
    const sent = await send(api(), user, { content: 'When?' });
    const worker = await playWorker(user, sent);
    await worker.say(`From nine [${faq.id}].`);
    const sources = [{ faq_id: faq.id, question: 'When are you open?', similarity: 0.9 }];
    await worker.finish({ sources } as object);
    await worker.announce();
    const page = await at(user, {}, `/c/${sent.conversation_id}`);
    await log(page).getByRole('list', { name: 'Sources' }).getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'When are you open?' });
    await dialog.getByText('nine').waitFor();
    await expectAccessible(page);
    await shoot(page, 'source');
    await dialog.getByRole('button', { name: 'Yes' }).click();
    await dialog.getByText('Thank you').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await log(page)
      .getByRole('button', { name: /^Source 1/ })
      .waitFor();

    await page.getByRole('button', { name: 'Good answer' }).click();
    await page.getByRole('button', { name: 'Good answer', pressed: true }).waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const again = await playWorker(user, await newestRun(user));
    await again.say('At nine.');
    await again.finish();
    await again.announce();
    await log(page).getByText('2 of 2').waitFor();
    await page.getByRole('button', { name: 'Earlier answer' }).click();
    await log(page).getByText('From nine').waitFor();
    const [rated] = await knex('message_feedback').where({ message_id: sent.reply_id });
    expect(rated.rating).to.equal('up');
  });

  it('stops an answer, and says that one failed', async () => {
    const user = await buildUser();
    const page = await at(user);
    const worker = await begun(page, user, 'Go on for ever');
    await worker.say('And on');
    await log(page).getByText('And on').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await worker.finish({ status: 'cancelled' } as object);
    await worker.announce();
    await log(page).getByText('Stopped.').waitFor();

    await ask(page, 'Fail');
    await log(page).getByText('Fail', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const failing = await playWorker(user, await newestRun(user));
    await failing.finish({
      status: 'failed',
      error: { code: 'no_answer', message: 'The model was silent.' },
    } as object);
    await failing.announce();
    await log(page).getByText('The model was silent.').waitFor();
  });

  it('renames, archives, finds and deletes conversations, and takes it back', async () => {
    const user = await buildUser();
    const { conversation_id } = await talk(user, 'Apples', 'Red');
    await talk(user, 'Pears', 'Green');
    const page = await at(user, {}, `/c/${conversation_id}`);
    const list = page.getByRole('list', { name: 'Conversations' });
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Fruit');
    await page.getByRole('button', { name: 'Save' }).click();
    await list.getByText('Fruit').waitFor();
    await page.getByRole('searchbox', { name: 'Search conversations' }).fill('green');
    await list.getByText('Fruit').waitFor({ state: 'detached' });
    expect(await list.getByRole('link').count()).to.equal(1);
    const told = page.getByRole('navigation', { name: 'Conversations' }).getByRole('status');
    await told.getByText('1 in the list.').waitFor();
    await page.getByRole('searchbox', { name: 'Search conversations' }).fill('blue');
    await told.getByText('Nothing found for “blue”.').waitFor();
    await page.getByRole('searchbox', { name: 'Search conversations' }).fill('');
    await list.getByText('Fruit').waitFor();

    await page.getByRole('button', { name: 'Archive conversation' }).click();
    await list.getByText('Fruit').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await list.getByText('Fruit').waitFor();
    // The button to undo is gone: the focus is where it was before.
    await page.getByRole('button', { name: 'Archive conversation' }).and(page.locator(':focus')).waitFor();
    await page.getByRole('button', { name: 'Delete conversation' }).click();
    await list.getByText('Fruit').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).last().waitFor();
    // Whoever writes meanwhile takes back what they wrote, and deleted.
    const search = page.getByRole('searchbox', { name: 'Search conversations' });
    await search.fill('green');
    await search.fill('');
    await search.press('Control+z');
    await page.getByRole('button', { name: 'Undo' }).last().waitFor();
    await search.fill('');
    await search.blur();
    await page.keyboard.press('Control+z');
    await list.getByText('Fruit').click();
    await page.getByRole('button', { name: 'Delete conversation' }).click();
    await list.getByText('Fruit').waitFor({ state: 'detached' });
    const gone = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
    expect((await gone).status()).to.equal(204);
    await page.goto(`${api().url}/c/${conversation_id}`);
    await page.getByText('This conversation does not exist').waitFor();
    excuse();
  });

  it('deletes what was deleted a moment before a sign-out, whose next user is not offered to undo it', async () => {
    const user = await buildUser();
    const { conversation_id } = await talk(user, 'Plums', 'Blue');
    const page = await at(user, {}, `/c/${conversation_id}`);
    await page.getByRole('button', { name: 'Delete conversation' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.getByRole('link', { name: /^Account/ }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).to.equal(0);
    const left = knex('conversations').where({ id: conversation_id }).whereNull('deleted_at');
    expect(await left).to.deep.equal([]);
  });

  it('does not end the sign-in of another user in a second tab by a slow sign-out in one tab', async () => {
    const [ann, bob] = [await buildUser(), await buildUser()];
    const page = await open();
    const other = await page.context().newPage();
    await other.goto(api().url);
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
    // The second tab hears of the sign-in in the first one, and cannot follow.
    await other.route('**/auth/refresh', (route) => route.abort());
    const failed = other.waitForEvent('requestfailed');
    await signIn(page, ann.email);
    await failed;
    await other.unroute('**/auth/refresh');
    const account = (tab: Page) => tab.getByRole('link', { name: /^Account/ });
    const isOut = async (tab: Page) => (await account(tab).count()) === 0;
    /** Holds back the next such request of a tab. `go` lets it through, and waits for its answer. */
    const hold = async (tab: Page, url: string) => {
      const { promise: held, resolve } = Promise.withResolvers<void>();
      await tab.route(url, (route) => held.then(() => route.continue()), { times: 1 });
      const [asked, answered] = [tab.waitForRequest(url), tab.waitForResponse(url)];
      const go = async () => {
        resolve();
        await (await answered).finished();
      };
      return { asked, go };
    };
    const enter = async (tab: Page, { email }: { email: string }) => {
      await tab.getByRole('textbox', { name: 'E-mail' }).fill(email);
      await tab.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
      await tab.getByRole('button', { name: 'Sign in' }).click();
    };
    const leave = async (tab: Page) => {
      await account(tab).click();
      await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
    };
    const waits = (tab: Page) =>
      tab.evaluate<boolean>(
        `navigator.locks.query().then(({ pending }) => pending.some(({ name }) => name === 'parley.refresh'))`,
      );

    // Bob's sign-in is on its way when Ann signs out.
    const entering = await hold(other, '**/auth/login');
    await enter(other, bob);
    await entering.asked;
    const out = page.waitForResponse('**/auth/logout');
    await leave(page);
    await until('the sign-out waits, or is done', async () => (await waits(page)) || (await isOut(page)));
    await entering.go();
    await account(other).waitFor();
    await (await out).finished();
    await account(page).waitFor({ state: 'detached' });
    await other.reload();
    await account(other).waitFor();

    // Bob's sign-out is on its way when Ann signs in.
    const leaving = await hold(other, '**/auth/logout');
    await leave(other);
    await leaving.asked;
    await enter(page, ann);
    await until('the sign-in waits, or is done', async () => (await waits(page)) || !(await isOut(page)));
    await leaving.go();
    await account(page).waitFor();
    await page.reload();
    await account(page).waitFor();
  });

  it('opens a long thread at its end and loads older messages on the way up', async () => {
    const user = await buildUser();
    const conversation_id = await long(user, 300);
    const page = await at(user, {}, `/c/${conversation_id}`);
    await log(page)
      .getByText(/^message 299/)
      .waitFor();
    expect(await log(page).getByRole('article').count()).to.equal(40);
    const before = await log(page).evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
    expect(before).to.be.lessThan(40);
    await log(page).hover();
    while ((await log(page).getByText('first of all').count()) === 0) await page.mouse.wheel(0, -3_000);
    // Somebody who reads further up is left there.
    const top = await log(page).evaluate((box) => box.scrollTop);
    const worker = await playWorker(
      user,
      await send(api(), user, { content: 'from elsewhere', conversation_id }),
    );
    await log(page).getByText('from elsewhere').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'To the newest message' }).click();
    await worker.finish();
    await worker.announce();
    expect(await log(page).evaluate((box) => box.scrollTop)).to.be.greaterThan(top);
  });

  it('asks for consent where it is missing, and sends then', async () => {
    const user = await buildUser({ data_processing_consent: false });
    const page = await at(user);
    // A server that asks to wait is obeyed, and the page says for how long.
    const body = JSON.stringify({ code: 'rate_limited', status: 429, retry_after_s: 3_600 });
    await page.route('**/chat/send', (route) => route.fulfill({ status: 429, body }), { times: 1 });
    await ask(page, 'May I?');
    await page.getByText(/Too many messages at once. Next try:/).waitFor();
    await page.evaluate(`dispatchEvent(new Event('online'))`);
    await page.getByRole('button', { name: 'Agree' }).click();
    await page.waitForURL(/\/c\/\d+$/);
    expect((await knex('users').where({ id: user.id }).first()).data_processing_consent).to.equal(true);
    // The refusal is an error in the console.
    excuse();
  });

  for (const [name, options] of Object.entries(LOOKS))
    it(`has no serious finding on any page: ${name}`, async () => {
      const user = await buildUser();
      const page = await open(options);
      await expectAccessible(page);
      await shoot(page, `${name}-signin`);
      for (const path of ['register', 'forgot-password', 'reset-password']) {
        await page.goto(`${api().url}/${path}`);
        await page.getByRole('heading').first().waitFor();
        await expectAccessible(page);
      }
      await page.goto(api().url);
      await signIn(page, user.email);
      await expectAccessible(page);
      await shoot(page, `${name}-empty`);
      await page.goto(`${api().url}/account`);
      await page.getByRole('combobox', { name: 'Language' }).waitFor();
      await shoot(page, `${name}-account`);
      await expectAccessible(page);
    });

  it('speaks German and remembers colours', async () => {
    const user = await buildUser();
    await talk(user, 'Hallo', 'Guten Tag, `Welt`.');
    const page = await at(user);
    await page.goto(`${api().url}/account`);
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
    await page.getByRole('heading', { name: 'Konto' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sprache und Farben' }).waitFor();
    // What the server refuses, too: it says so in English.
    await page.getByRole('textbox', { name: 'Vorname' }).fill('turned \u202E round');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByRole('alert').getByText('Vorname: Nur eine Zeile').waitFor();
    await page.getByRole('textbox', { name: 'Vorname' }).fill('');
    expect(await page.evaluate('document.documentElement.lang')).to.equal('de');
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).to.equal('dark');
    await page.getByRole('list', { name: 'Gespräche' }).getByRole('link').click();
    await page.getByText('Guten Tag').waitFor();
    await shoot(page, 'german-dark');
    expect((await knex('users').where({ id: user.id }).first()).language).to.equal('de');
    // The refusal is an error in the console.
    excuse();
  });

  it('says that a password is wrong', async () => {
    const user = await buildUser();
    const page = await open();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(user.email);
    await page.getByRole('textbox', { name: 'Password' }).fill('not that one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('wrong').waitFor();
    await expectAccessible(page);
    excuse();
  });
});
