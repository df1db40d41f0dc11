import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { describeBrowser, launchBrowser } from '../support/browser.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { type PrefixProxy, startPrefixProxy } from '../support/prefix.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

describeBrowser('a browser behind a proxy that strips a prefix', function () {
  this.timeout(120_000);
  let proxy: PrefixProxy;
  let web: Process;
  let browser: Browser;
  let page: Page;
  const failed: string[] = [];
  before(async () => {
    proxy = await startPrefixProxy('/parley');
    web = await startProcfile('web', { PUBLIC_URL: proxy.url });
    proxy.to(web.url);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('response', (answer) => answer.status() >= 400 && failed.push(answer.url()));
  });
  after(async () => {
    await browser?.close();
    await proxy?.close();
    await web?.stop();
  });

  it('reads the documents and tries a route out', async () => {
    await page.goto(`${proxy.url}/docs`);
    await page.locator('#operations-tag-Operators').click();
    await page.locator('#operations-Operators-getLivez').click();
    await page.locator('#operations-Operators-getLivez .try-out__btn').click();
    await page.locator('#operations-Operators-getLivez .execute').click();
    await page
      .locator('#operations-Operators-getLivez .live-responses-table')
      .getByText('alive')
      .first()
      .waitFor();
    expect(failed).to.deep.equal([]);
  });

  it('signs in to the board, sees the queues and signs out', async () => {
    const admin = await buildUser({ role: 'admin' });
    await page.goto(`${proxy.url}/admin/queues/sign-in`);
    await page.getByLabel('E-mail address').fill(admin.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    for (const queue of ['moderation', 'completion'])
      await page.getByText(queue, { exact: true }).first().waitFor();
    await page.goto(`${proxy.url}/admin/queues/sign-out`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(failed).to.deep.equal([]);
  });
});
