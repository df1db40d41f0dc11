import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { type Api, serveApi } from '../support/api.ts';
import { describeBrowser, launchBrowser, shoot } from '../support/browser.ts';
import { buildUser } from '../support/factories.ts';

describeBrowser('/docs in a browser', function () {
  this.timeout(120_000);
  let api: Api;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const foreign: string[] = [];

  before(async () => {
    api = await serveApi();
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (err) => complaints.push(String(err)));
    page.on('request', (request) => !request.url().startsWith(api.url) && foreign.push(request.url()));
    await page.goto(`${api.url}/docs`);
  });
  after(async () => {
    await browser?.close();
    await api?.close();
  });

  it('shows every resource', async () => {
    for (const heading of ['Sign-in', 'Chat', 'Runs', 'Conversations', 'Operators'])
      await page.getByRole('link', { name: heading, exact: true }).waitFor();
    await shoot(page, 'docs');
  });

  it("shows a route's parameters and answers", async () => {
    await page.locator('#operations-tag-Chat').click();
    await page.locator('#operations-Chat-postChatSend').click();
    await page.getByText('Idempotency-Key').first().waitFor();
    await page.getByText('idempotency_key_reused').first().waitFor();
    await shoot(page, 'docs-send');
  });

  it('tries a route out, signed in', async () => {
    const user = await buildUser();
    await page.getByRole('button', { name: 'Authorize' }).click();
    await page.getByLabel('auth-bearer-value').fill(user.access);
    await page
      .locator('.auth-btn-wrapper')
      .first()
      .getByRole('button', { name: 'Apply credentials' })
      .click();
    await page.locator('.btn-done').first().click();
    await page.locator('#operations-tag-Accounts').click();
    await page.locator('#operations-Accounts-getUsersMe').click();
    await page.locator('#operations-Accounts-getUsersMe .try-out__btn').click();
    await page.locator('#operations-Accounts-getUsersMe .execute').click();
    await page
      .locator('#operations-Accounts-getUsersMe .live-responses-table')
      .getByText(user.email)
      .waitFor();
  });

  it('needs nothing from other sites and violates no policy', () => {
    expect(foreign).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
  });
});
