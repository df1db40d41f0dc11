import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { type Api, serveApi } from '../support/api.ts';
import { describeBrowser, launchBrowser } from '../support/browser.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';

describeBrowser('the refresh cookie in a browser', function () {
  this.timeout(120_000);
  let api: Api;
  let browser: Browser;
  let context: BrowserContext;
  const tabs: Page[] = [];
  before(async () => {
    api = await serveApi();
    browser = await launchBrowser();
    context = await browser.newContext();
    for (let i = 0; i < 2; i += 1) {
      const tab = await context.newPage();
      await tab.goto(`${api.url}/docs`);
      tabs.push(tab);
    }
  });
  after(async () => {
    await browser?.close();
    await api?.close();
  });

  const post = (tab: Page, path: string, body: object, token = '') =>
    tab.evaluate(
      async ([path, body, token]) => {
        const answer = await fetch(`/api/v1/auth/${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-session': 'cookie',
            ...(token && { authorization: `Bearer ${token}` }),
          },
          body,
        });
        return { status: answer.status, body: (await answer.json().catch(() => ({}))) as object };
      },
      [path, JSON.stringify(body), token] as const,
    );
  const [first, second] = [() => tabs[0]!, () => tabs[1]!];

  it('works over plain HTTP on localhost, is hidden from scripts, and ends at the logout', async () => {
    const user = await buildUser();
    const { status, body } = await post(first(), 'login', { email: user.email, password: PASSWORD });
    expect([status, 'refresh_token' in body]).to.deep.equal([200, false]);
    const [cookie] = await context.cookies();
    expect(cookie).to.include({ name: '__Host-parley_refresh', httpOnly: true, secure: true, path: '/' });
    expect(await first().evaluate('document.cookie')).to.equal('');

    const both = await Promise.all(tabs.map((tab) => post(tab, 'refresh', {})));
    expect(both.map((one) => one.status)).to.deep.equal([200, 200]);
    expect((await knex('refresh_tokens').where({ user_id: user.id })).length).to.be.within(3, 4);
    const again = await post(second(), 'refresh', {});
    expect(again.status).to.equal(200);
    const { access_token } = again.body as { access_token: string };
    expect((await post(second(), 'logout', {}, access_token)).status).to.equal(204);
    expect(await context.cookies()).to.deep.equal([]);
    expect((await post(first(), 'refresh', {})).status).to.equal(401);
  });
});
