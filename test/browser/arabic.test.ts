import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, LOOKS } from '../support/chatPage.ts';
import { buildUser } from '../support/factories.ts';
import { expectAccessible, PHONE } from '../support/pages.ts';
import { ar } from '../../web/shared/words/ar.ts';
import { de } from '../../web/shared/words/de.ts';
import { en } from '../../web/shared/words/en.ts';

describeBrowser('the pages in Arabic', function () {
  this.timeout(120_000);
  const pages = chatPages();
  const arabic = { locale: 'ar-EG' };
  const box = async (page: Page, name: string | RegExp, role: 'button' | 'textbox' = 'button') =>
    (await page.getByRole(role, { name }).first().boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };

  for (const [name, options] of Object.entries(LOOKS))
    it(`run from right to left: ${name}`, async () => {
      const user = await buildUser({ language: 'ar' });
      const { conversation_id } = await pages.talk(
        user,
        'متى تفتحون؟',
        'نفتح في **التاسعة**.\n\n1. الأحد\n2. الاثنين\n\n```ts\nconst a = 1;\n```\n\n| يوم | ساعة |\n|---|---|\n| الأحد | 9 |\n\n> An English quote.\n\nAn English line.',
      );
      const page = await pages.open({ ...options, ...arabic });
      await page.getByRole('textbox', { name: ar['enter.email'] }).waitFor();
      expect(await page.evaluate('document.documentElement.dir')).to.equal('rtl');
      expect(await page.evaluate('document.documentElement.lang')).to.equal('ar');
      await expectAccessible(page);
      await shoot(page, `arabic-${name}-signin`);
      await page.getByRole('textbox', { name: ar['enter.email'] }).fill(user.email);
      await page.getByRole('textbox', { name: ar['enter.password'] }).fill('correct horse battery');
      await page.getByRole('button', { name: ar['enter.signIn'] }).click();
      await page.getByRole('textbox', { name: ar['write.message'] }).waitFor();
      await page.goto(`${pages.api().url}/c/${conversation_id}`);
      await page.getByText('التاسعة').waitFor();
      const [field, send] = [
        await box(page, ar['write.message'], 'textbox'),
        await box(page, ar['write.send']),
      ];
      expect(send.x, 'the button to send is on the left').to.be.lessThan(field.x);
      const direction = (what: string) =>
        page.evaluate<string>(`getComputedStyle([...document.querySelectorAll('${what}')].at(-1)).direction`);
      expect(await direction('.prose > p'), 'an English line').to.equal('ltr');
      expect(await direction('blockquote'), 'an English quote').to.equal('ltr');
      expect(await direction('pre'), 'code').to.equal('ltr');
      expect(await direction('#message'), 'the words in an empty field').to.equal('rtl');
      for (const what of ['.prose ol', '.prose table']) expect(await direction(what), what).to.equal('rtl');
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).to.equal(0);
      await expectAccessible(page);
      await shoot(page, `arabic-${name}`);
      await page.goto(`${pages.api().url}/account`);
      await page.getByText(ar['tell.quiet']).waitFor();
      await expectAccessible(page);
      await shoot(page, `arabic-${name}-account`);
      const times = await page.locator('time, [class*=muted]').allTextContents();
      expect(times.join(' ')).to.match(/[٠-٩]/);
    });

  it('are chosen in the account and remembered', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await page.goto(`${pages.api().url}/account`);
    const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('ar');
    await page.getByRole('heading', { name: ar['me.title'] }).waitFor();
    await saved;
    expect((await knex('users').where({ id: user.id }).first()).language).to.equal('ar');
    await page.reload();
    await page.getByRole('heading', { name: ar['me.title'] }).waitFor();
    expect(await page.evaluate('document.documentElement.dir')).to.equal('rtl');
  });

  it('show the widget from right to left', async () => {
    const page = await pages.open({ ...arabic, viewport: PHONE }, '/widget?language=ar');
    await page.getByRole('textbox', { name: 'الرسالة' }).waitFor();
    expect(await page.evaluate('document.documentElement.dir')).to.equal('rtl');
    const [field, send] = [await box(page, 'الرسالة', 'textbox'), await box(page, 'إرسال')];
    expect(send.x).to.be.lessThan(field.x);
    await expectAccessible(page);
    await shoot(page, 'arabic-widget');
  });

  it('fill in the same places as the English ones, in every language', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();
    for (const words of [ar, de] as Record<string, string>[])
      for (const [word, text] of Object.entries(en)) {
        // A form for one or two may name no number.
        if (/_(zero|one|two)$/.test(word)) continue;
        expect(places(words[word] ?? ''), word).to.deep.equal(places(text));
      }
  });
});
