import { expect } from 'chai';
import { describeBrowser, shoot } from '../support/browser.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { expectAccessible } from '../support/pages.ts';
import { expectSound, TABLET, usePanel } from '../support/panel.ts';

const ALL = [
  'Dashboard',
  'Inbox',
  'Knowledge',
  'Suggestions',
  'Assistants',
  'Users',
  'Webhooks',
  'Audit',
  'System',
];

describeBrowser('the panel', function () {
  this.timeout(120_000);
  const panel = usePanel();

  it('links an administrator to every page, and each has its heading', async () => {
    const page = await panel.at(await buildUser({ role: 'admin' }));
    const links = page.getByRole('navigation', { name: 'Admin' }).getByRole('link');
    expect(await links.allInnerTexts()).to.deep.equal(ALL);
    for (const name of ALL) {
      await links.filter({ hasText: name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      expect(await page.title()).to.equal(`${name} · Parley`);
    }
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
  });

  it('links an agent to what agents may use, and shows no other page', async () => {
    const page = await panel.at(await buildUser({ role: 'agent' }));
    await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor();
    const links = page.getByRole('navigation', { name: 'Admin' }).getByRole('link');
    expect(await links.allInnerTexts()).to.deep.equal(['Inbox', 'Knowledge', 'Suggestions']);
    await page.goto(`${panel.api.url}/admin/users`);
    await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
    await expectAccessible(page);
  });

  it('tells a user without a right so, and lets them sign out', async () => {
    const user = await buildUser();
    const page = await panel.open();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(user.email);
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'This account has no access' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).waitFor();
  });

  it('speaks German, remembers colours, and works on a tablet', async () => {
    const page = await panel.at(await buildUser({ role: 'admin' }), '/system', { viewport: TABLET });
    await page.getByRole('button', { name: /^Your settings/ }).click();
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
    await page.getByRole('navigation', { name: 'Verwaltung' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'System' }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).to.equal('de');
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).to.equal('dark');
    await shoot(page, 'panel-german-tablet');
  });

  it('has no serious finding at its door', async () => {
    const page = await panel.open();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await expectAccessible(page);
    await expectSound(panel, await buildUser({ role: 'admin' }), '/nowhere', (shown) =>
      shown.getByRole('link', { name: 'To the first page' }).waitFor(),
    );
  });
});
