import { expect } from 'chai';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, log, message, newestRun } from '../support/chatPage.ts';
import { buildUser } from '../support/factories.ts';
import { expectAccessible, PHONE } from '../support/pages.ts';
import { until } from '../support/until.ts';
import { playWorker } from '../support/web.ts';

describeBrowser('the thread', function () {
  this.timeout(120_000);
  const pages = chatPages();

  it('of a thousand messages asks for the newest page alone, and holds its place when older ones come', async () => {
    const user = await buildUser();
    const id = await pages.long(user, 1_000);
    const page = await pages.at(user);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/messages?')) asked.push(request.url());
    });
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page)
      .getByText(/^message 999/)
      .waitFor();
    expect(asked).to.have.length(1);
    expect(await log(page).getByRole('article').count()).to.equal(40);
    await log(page).hover();
    const oldest = log(page).getByRole('article').first();
    for (let loaded = 1; loaded < 4; loaded++) {
      const count = await log(page).getByRole('article').count();
      // In one step: what is loaded meanwhile would move the place between two.
      const [first, before] = await oldest.evaluate((one) => {
        one.scrollIntoView({ block: 'nearest' });
        return [one.textContent?.slice(0, 11) ?? '', one.getBoundingClientRect().y] as const;
      });
      const place = log(page).getByText(first, { exact: false }).first();
      await until('older messages', async () => (await log(page).getByRole('article').count()) > count);
      await until(`the place of ${first}`, async () => {
        const { y } = (await place.boundingBox()) ?? { y: Number.POSITIVE_INFINITY };
        return Math.abs(y - before) < 60;
      });
    }
    expect(asked.length).to.be.at.least(4);
    expect(page.url()).to.contain(`/c/${id}`);
  });

  it('does not scroll a reader away while an answer streams', async () => {
    const user = await buildUser();
    const id = await pages.long(user, 60);
    const page = await pages.at(user, {}, `/c/${id}`);
    await log(page)
      .getByText(/^message 59/)
      .waitFor();
    await message(page).fill('Go on');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const worker = await playWorker(user, await newestRun(user));
    await worker.say('It begins. ');
    await log(page).getByText('It begins.').waitFor();
    await log(page).hover();
    await page.mouse.wheel(0, -900);
    await page.getByRole('button', { name: 'To the newest message' }).waitFor();
    const top = () => log(page).evaluate((box) => box.scrollTop);
    const before = await top();
    for (let i = 0; i < 20; i++) await worker.say(`Line ${i}.\n\n`);
    await worker.say('The end.');
    await log(page).getByText('The end.').waitFor({ state: 'attached' });
    expect(Math.abs((await top()) - before)).to.be.lessThan(2);
    await worker.finish();
    await worker.announce();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    expect(Math.abs((await top()) - before)).to.be.lessThan(2);
  });

  it('has its last question changed and sent again, and leaves the draft alone', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'When are you opne?', 'From nine.');
    const page = await pages.at(user, {}, `/c/${conversation_id}`);
    await message(page).fill('half a thought');
    await log(page).getByRole('button', { name: 'Edit the question' }).click();
    const field = log(page).getByRole('textbox', { name: 'Edit the question' });
    expect(await field.inputValue()).to.equal('When are you opne?');
    await expectAccessible(page);
    await field.fill('When are you open?');
    await shoot(page, 'editing');
    await log(page).getByRole('button', { name: 'Send again' }).click();
    await log(page).getByText('When are you open?').waitFor();
    expect(await message(page).inputValue()).to.equal('half a thought');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
  });

  it('keeps the question that is changed in sight while a keyboard takes room', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'When are you opne?', 'From nine.\n\n'.repeat(11));
    const page = await pages.at(user, { viewport: PHONE }, `/c/${conversation_id}`);
    await log(page).getByRole('button', { name: 'Edit the question' }).click();
    const again = log(page).getByRole('button', { name: 'Send again' });
    await again.waitFor();
    await page.setViewportSize({ ...PHONE, height: 480 });
    await until('the whole question is in sight', async () => {
      const [seen, button, field] = await Promise.all([
        log(page).boundingBox(),
        again.boundingBox(),
        log(page).getByRole('textbox', { name: 'Edit the question' }).boundingBox(),
      ]);
      if (!seen || !button || !field || seen.height > 480) return false;
      return field.y >= seen.y && button.y + button.height <= seen.y + seen.height;
    });
  });

  it('is searched after a pause in typing, not at each letter', async () => {
    const user = await buildUser();
    await pages.talk(user, 'Apples', 'Red');
    await pages.talk(user, 'Pears', 'Green');
    const page = await pages.at(user);
    const list = page.getByRole('list', { name: 'Conversations' });
    await list.getByText('Apples').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => {
      const q = new URL(request.url()).searchParams.get('q');
      if (q !== null) asked.push(q);
    });
    // Typed in one go, so that no pause of the machine is one in typing.
    await page.evaluate(`(() => {
      const field = document.getElementById('search');
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
      for (const text of ['g', 'gr', 'gre', 'gree', 'green']) {
        set.call(field, text);
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    })()`);
    await list.getByText('Apples').waitFor({ state: 'detached' });
    expect(asked).to.deep.equal(['green']);
  });

  it('is led by keys alone', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'First question', 'An answer.');
    const page = await pages.at(user, {}, `/c/${conversation_id}`);
    await log(page).getByText('An answer.').waitFor();
    await message(page).focus();
    await page.keyboard.press('ArrowUp');
    await log(page).getByRole('textbox', { name: 'Edit the question' }).waitFor();
    await page.keyboard.press('Escape');
    const focused = () => page.evaluate('document.activeElement.id');
    expect(await focused()).to.equal('message');
    await page.keyboard.press('Control+k');
    await until('the field to search', async () => (await focused()) === 'search');
    await page.keyboard.press('Shift+Escape');
    expect(await focused()).to.equal('message');
    await page.keyboard.press('Control+/');
    const map = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await map.getByText('Stop the answer').waitFor();
    await expectAccessible(page);
    await shoot(page, 'keys');
    await page.keyboard.press('Escape');
    await map.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Shift+O');
    await page.waitForURL((url) => url.pathname === '/');
    // The field of the thread before has the focus until its page is gone.
    await log(page).getByText('An answer.').waitFor({ state: 'detached' });
    await until('the field of a new one', async () => (await focused()) === 'message');
    await page.keyboard.type('Stop me');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const worker = await playWorker(user, await newestRun(user));
    await worker.say('On and on');
    await log(page).getByText('On and on').waitFor();
    const stopped = page.waitForResponse((answer) => answer.url().endsWith('/cancel'));
    await page.keyboard.press('Escape');
    expect((await stopped).status()).to.equal(202);
  });
});
