import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { describeBrowser, launchBrowser, shoot } from '../support/browser.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { type Stack, startStack } from '../support/stack.ts';

describeBrowser('Bull Board in a browser', function () {
  this.timeout(60_000);
  let stack: Stack;
  let browser: Browser;
  let page: Page;
  let runId = 0;
  const blocked: string[] = [];
  const foreign: string[] = [];

  before(async () => {
    stack = await startStack({}, ['web', 'moderation', 'context', 'completion']);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => message.type() === 'error' && blocked.push(message.text()));
    page.on('request', (request) => !request.url().startsWith(board()) && foreign.push(request.url()));

    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const sent = await stack.post('/chat/send', { content: 'Hello board' }, user.access);
    runId = Number(sent.body.run_id);
    await device.ended(runId);
    device.close();
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const board = (path = '') => `${stack.web[0]}/admin/queues${path}`;

  async function signIn(email: string): Promise<void> {
    await page.goto(board());
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  it('lets only administrators in', async () => {
    const user = await buildUser();
    await signIn(user.email);
    await page.getByRole('alert').waitFor();
    await shoot(page, 'board-refused');
    await page.goto(board());
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await shoot(page, 'board-sign-in');
  });

  it('shows the queues to an administrator', async () => {
    const admin = await buildUser({ role: 'admin' });
    await signIn(admin.email);
    for (const queue of ['moderation', 'context', 'completion', 'embedding']) {
      await page.getByText(queue, { exact: true }).first().waitFor();
    }
    await shoot(page, 'board-queues');
  });

  it('shows the flow of a message and its run', async () => {
    await page.goto(board(`/queue/completion/run-${runId}-1`));
    const link = page.getByRole('link', { name: `Run ${runId}` });
    await link.waitFor();
    await page.waitForLoadState('networkidle');
    await shoot(page, 'board-job');
    const flow = await page.evaluate(
      (path) => fetch(path).then((answer) => answer.json()),
      `/admin/queues/api/queues/completion/run-${runId}-1/flow`,
    );
    expect(JSON.stringify(flow)).to.contain('moderation').and.contain('context').and.contain('completed');

    await page.goto(board(`/runs/${runId}`));
    expect(await page.locator('pre').innerText()).to.contain('"flagged": false');
    await shoot(page, 'board-run');
  });

  it('offers no changes', async () => {
    await page.goto(board('/queue/completion?status=completed'));
    await page.getByText(`run-${runId}-1`).first().waitFor();
    await shoot(page, 'board-completed');
    expect(await page.getByRole('button', { name: /retry|clean|promote|pause/i }).count()).to.equal(0);
  });

  it('works under its content policy, without other sites', () => {
    expect(foreign).to.deep.equal([]);
    expect(blocked.filter((text) => !/401|403/.test(text))).to.deep.equal([]);
  });

  it('signs out', async () => {
    await page.goto(board('/sign-out'));
    await shoot(page, 'board-sign-out');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.goto(board());
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
});
