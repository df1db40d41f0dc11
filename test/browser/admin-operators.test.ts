import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Job } from 'bullmq';
import { knex } from '../../db/knex.ts';
import { webhooksToDeliver } from '../../db/models/webhookDelivery.ts';
import { chainAuditLog } from '../../db/models/auditChain.ts';
import { beat } from '../../shared/delivery/processes.ts';
import { producer } from '../../shared/delivery/queues.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { webhook } from '../../workers/webhook.ts';
import { unguarded } from '../support/audit.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { type BuiltUser, buildSession, buildUser } from '../support/factories.ts';
import { expectAccessible } from '../support/pages.ts';
import { expectSound, usePanel } from '../support/panel.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { until } from '../support/until.ts';
import { playWorker, send } from '../support/web.ts';

describeBrowser('the pages of operators in the panel', function () {
  this.timeout(400_000);
  const panel = usePanel();
  let admin: BuiltUser;
  let provider: Provider;
  before(async () => {
    await untilReady(redis);
    provider = await startProvider();
    admin = await buildUser({ role: 'admin' });
  });
  after(() => provider?.stop());

  describe('users', () => {
    it('finds an account, gives it a role, suspends and reinstates it', async () => {
      const user = await buildUser();
      const page = await panel.at(admin, '/users');
      await page.getByRole('searchbox').fill(user.email.slice(0, -4));
      await page.waitForURL(/q=user/);
      await page.getByRole('combobox', { name: 'Role' }).selectOption('user');
      await page.locator('main a[href*="role=user"]').first().waitFor();
      await page.getByRole('link', { name: user.username }).click();
      await page.getByRole('heading', { level: 1, name: user.username }).waitFor();
      await page.getByRole('combobox', { name: 'Role' }).selectOption('agent');
      await page.getByText('The role is changed').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await until('the role is taken back', async () => (await row(user)).role === 'user');
      await page.getByRole('button', { name: 'Suspend' }).click();
      await until('the account is suspended', async () => (await row(user)).status === 'suspended');
      await page.getByRole('button', { name: 'Reinstate' }).click();
      await until('the account is active', async () => (await row(user)).status === 'active');
      await page.getByRole('link', { name: 'All users' }).click();
      // The filters are where they were.
      expect(await page.getByRole('searchbox').inputValue()).to.equal(user.email.slice(0, -4));
      expect(page.url()).to.contain('role=user');
    });

    it('ends a sign-in, and erases once reason and name are given', async () => {
      const user = await buildUser();
      const { sid } = await buildSession(user);
      const page = await panel.at(admin, `/users/${user.id}`);
      const sessions = page.getByRole('table', { name: 'Sign-ins' });
      await sessions
        .getByRole('button', { name: /^End the sign-in/ })
        .first()
        .click();
      await page.getByText('The sign-in is ended').waitFor();
      const ended = await knex('sessions').where({ id: sid }).first();
      expect(ended.revoked_at).to.not.equal(null);

      await page.getByRole('button', { name: 'Erase' }).click();
      const dialog = page.getByRole('dialog', { name: 'Erase this account' });
      const act = dialog.getByRole('button', { name: 'Erase for good' });
      expect(await act.isDisabled()).to.equal(true);
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('Asked by letter');
      expect(await act.isDisabled()).to.equal(true);
      await dialog.getByRole('textbox', { name: /^Type/ }).fill(user.email);
      await expectAccessible(page);
      await shoot(page, 'panel-users-erase');
      await act.click();
      await page.getByText('Receipt:').waitFor();
      expect((await row(user)).status).to.equal('deleted');
      panel.forgive();
    });

    it('is sound in every look', async () => {
      const user = await buildUser();
      await expectSound(panel, admin, '/users', (page) => page.getByRole('table').waitFor());
      await expectSound(panel, admin, '/users?q=nobody-at-all', (page) =>
        page.getByText('Nobody fits').waitFor(),
      );
      await expectSound(panel, admin, `/users/${user.id}`, (page) =>
        page.getByRole('heading', { level: 1, name: user.username }).waitFor(),
      );
    });
  });

  describe('webhooks', () => {
    it('adds an endpoint, shows its secret once, tests it, sends again, rotates and deletes', async () => {
      const page = await panel.at(admin, '/webhooks');
      await page.getByText('No endpoint yet').waitFor();
      await expectSound(panel, admin, '/webhooks', (shown) => shown.getByText('No endpoint yet').waitFor());
      await page.getByRole('button', { name: 'Add endpoint' }).first().click();
      const dialog = page.getByRole('dialog', { name: 'Add endpoint' });
      await dialog.getByRole('textbox', { name: 'URL' }).fill('https://hooks.invalid/parley');
      await dialog.getByRole('textbox', { name: 'Description' }).fill('CRM');
      await dialog.getByRole('checkbox', { name: 'run.failed' }).check();
      await expectAccessible(page);
      await shoot(page, 'panel-webhooks-add');
      await dialog.getByRole('button', { name: 'Add endpoint' }).click();
      const secret = page.getByRole('dialog', { name: 'The secret' });
      expect(await secret.locator('code').innerText()).to.match(/^whsec_/);
      await secret.getByRole('button', { name: 'I have copied it' }).click();
      await page.getByRole('heading', { level: 1, name: 'CRM' }).waitFor();
      const { id } = await knex('webhooks').where({ description: 'CRM' }).first();

      // The suite allows no private address, so this one stays unreachable: what failed is sent again.
      await page.getByRole('button', { name: 'Send test event' }).click();
      const table = page.getByRole('table', { name: 'Deliveries' });
      await table.getByText('webhook.test').waitFor();
      for (const webhook_id of await webhooksToDeliver()) await webhook({ data: { webhook_id } } as Job);
      await table.getByText(/Not reachable|Private address: refused/).waitFor();
      await table.getByRole('button', { name: /^Send again: \d/ }).click();
      await page.getByText('It is sent again').waitFor();

      await page.getByRole('button', { name: 'New secret' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click();
      await page.getByText('the previous secret signs too').waitFor();
      await page.getByRole('button', { name: 'I have copied it' }).click();

      await page.getByRole('checkbox', { name: 'On', exact: true }).uncheck();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved').waitFor();
      expect((await knex('webhooks').where({ id }).first()).enabled).to.equal(false);
      await expectSound(panel, admin, `/webhooks/${id}`, (shown) =>
        shown.getByRole('table', { name: 'Deliveries' }).waitFor(),
      );

      await page.getByRole('button', { name: 'Delete' }).click();
      const remove = page.getByRole('dialog', { name: 'Delete this endpoint' });
      await remove.getByRole('textbox').fill('hooks.invalid');
      await remove.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No endpoint yet').waitFor();
      expect(await knex('webhooks').where({ id }).first()).to.equal(undefined);
    });
  });

  describe('audit', () => {
    it('filters by the address, verifies the chain and exports', async () => {
      // Other suites emptied the log, which breaks its chain.
      await unguarded((trx) => trx.raw('TRUNCATE audit_log, audit_heads'));
      const user = await buildUser();
      await panel.api.call('GET', `/users/${user.id}`, undefined, { token: admin.access });
      while ((await chainAuditLog()) > 0);
      const page = await panel.at(admin, `/audit?subject_id=${user.id}`);
      const table = page.getByRole('table', { name: 'Audit' });
      await table.getByText('user.viewed').waitFor();
      const action = page.getByRole('combobox', { name: 'Action' });
      // No letter is lost while the address changes.
      await action.pressSequentially('user.suspended', { delay: 30 });
      await page.waitForURL(/action=user\.suspended$/);
      expect(await action.inputValue()).to.equal('user.suspended');
      // What a field shows is what it filters by.
      const about = page.getByRole('textbox', { name: 'About (ID)' });
      const before = await about.inputValue();
      await about.pressSequentially('x');
      expect(await about.inputValue()).to.equal(before);
      await page.getByText('No entry fits').waitFor();
      await page.reload();
      await page.getByText('No entry fits').waitFor();
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await table.getByText('user.viewed').first().waitFor();
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export CSV' }).click();
      expect((await saved).suggestedFilename()).to.equal('audit.csv');
      await page.getByRole('button', { name: 'Verify the chain' }).click();
      const dialog = page.getByRole('dialog', { name: 'Verify the chain' });
      await dialog.getByRole('button', { name: 'Verify' }).click();
      await dialog.getByText(/Intact: \d/).waitFor();
      await expectAccessible(page);
      await shoot(page, 'panel-audit-verify');
      await dialog.getByRole('textbox').fill('ab'.repeat(32));
      await dialog.getByRole('button', { name: 'Verify' }).click();
      await dialog.getByText('The noted head is not in the chain').waitFor();
    });

    it('is sound in every look', async () => {
      await expectSound(panel, admin, '/audit', (page) => page.getByRole('table').waitFor());
    });
  });

  describe('system', () => {
    it('shows processes, queues, models and settings, asks models, and tests mail', async () => {
      beat(['housekeeping']);
      const page = await panel.at(admin, '/system');
      await page.getByRole('table', { name: 'Processes' }).getByText('housekeeping').waitFor();
      await page.getByText('No process of these types: web').waitFor();
      await page.getByRole('table', { name: 'Queues' }).getByText('completion').waitFor();
      await page.getByRole('searchbox').fill('jwt');
      const settings = page.getByRole('table', { name: 'Settings in force' });
      await until('one setting fits', async () => (await settings.getByRole('row').count()) === 2);
      await settings.getByRole('row', { name: /JWT_SECRET.*set, hidden/ }).waitFor();
      await page.getByRole('button', { name: 'Ask each model once' }).click();
      await page.getByText('All of them answered.').waitFor();
      await page.getByRole('button', { name: 'Send me a test mail' }).click();
      await page.getByText(`The mail server took a mail to ${admin.email}.`).waitFor();
      await page.getByRole('button', { name: 'Push to my devices' }).click();
      await page.getByRole('alert').waitFor();
      const board = page.getByRole('link', { name: 'Open Bull Board' });
      expect(await board.getAttribute('href')).to.equal(`${panel.api.url}/admin/queues`);
      panel.forgive();
    });

    it('shows Bull Board in the page, by the session of the panel, and keeps that session', async () => {
      await untilReady(producer);
      const page = await panel.at(admin, '/system');
      await page.getByRole('button', { name: 'Show here' }).click();
      await page.waitForURL(/board=shown/);
      const board = page.frameLocator('iframe[title="Bull Board"]');
      await board.getByRole('main').getByRole('link', { name: 'completion' }).first().click();
      await until('the queue is shown', async () =>
        page.frames().some((frame) => /queue\/completion/.test(frame.url())),
      );
      expect(await board.getByText('Sign out').count()).to.equal(0);
      await shoot(page, 'panel-system-board');
      await page.reload();
      await board.getByRole('main').getByText('completion').first().waitFor();
      await page.getByRole('button', { name: 'Hide' }).click();
      await page.locator('iframe').waitFor({ state: 'detached' });
      await page.goto(`${panel.api.url}/admin/users`);
      await page.getByRole('navigation', { name: 'Admin' }).waitFor();
    });

    it('opens Bull Board for no agent, and lets no other site frame it', async () => {
      const agent = await buildUser({ role: 'agent' });
      const refused = await panel.api.call('POST', '/admin/board', undefined, { token: agent.access });
      expect(refused.status).to.equal(403);
      const page = await panel.at(admin, '/system?board=shown');
      const queues = `${panel.api.url}/admin/queues`;
      await page.frameLocator('iframe').getByText('completion', { exact: true }).first().waitFor();
      const foreign = createServer((_, answer) => {
        answer.setHeader('content-type', 'text/html');
        answer.end(`<iframe src="${queues}/sign-in"></iframe><iframe src="${queues}"></iframe>`);
      });
      await new Promise<void>((done) => foreign.listen(0, '127.0.0.1', done));
      // By another name, which is another site, and from the port of another origin of this one.
      for (const host of ['localhost', '127.0.0.1']) {
        await page.goto(`http://${host}:${(foreign.address() as AddressInfo).port}/`);
        await page.waitForLoadState('networkidle');
        for (const frame of page.frames().slice(1)) {
          expect(frame.url()).to.equal('chrome-error://chromewebdata/');
          expect(await frame.content()).to.not.contain('Parley');
        }
        expect(page.frames()).to.have.length(3);
      }
      foreign.close();
      panel.forgive();
    });

    it('is sound in every look', async () => {
      await expectSound(panel, admin, '/system', (page) =>
        page.getByRole('table', { name: 'Settings in force' }).waitFor(),
      );
    });
  });

  describe('dashboard', () => {
    it('says what to do while nothing has happened', async () => {
      const page = await panel.at(admin, '/dashboard?range=own&from=2020-01-01&to=2020-02-01');
      await page.getByText('Nothing happened in this range').waitFor();
      await shoot(page, 'panel-dashboard-empty');
      await expectAccessible(page);
    });

    it('shows figures, charts by pointer and keyboard, tables, CSV and what happens now', async () => {
      const user = await buildUser({ language: 'de' });
      const sent = await send(panel.api, user, { content: 'Wann?' });
      const worker = await playWorker(user, sent);
      await worker.say('Um neun.');
      await worker.finish();
      const page = await panel.at(admin, '/dashboard');
      const used = page.getByRole('region', { name: 'Where tokens went' });
      const { tokens } = (await knex('runs').sum('total_tokens as tokens').first()) ?? {};
      expect(Number(tokens)).to.be.greaterThan(0);
      const assistants = used.getByRole('table', { name: 'Tokens: Assistant' });
      await assistants.waitFor();
      const [, before, now, change] = await assistants.getByRole('cell').allInnerTexts();
      expect([before, now, change]).to.deep.equal(['0', String(tokens), '']);
      await page.getByRole('region', { name: 'Volume' }).getByText('Conversations').waitFor();
      await page.getByRole('region', { name: 'Now' }).getByText(/^\d/).first().waitFor();
      await page.getByRole('table', { name: 'Languages' }).getByText('German').waitFor();
      const chart = page.getByRole('img', { name: /^Conversations, messages and answers/ });
      await chart.focus();
      await page.keyboard.press('End');
      const figure = page.locator('figure').filter({ has: chart });
      await figure.getByText(/Conversations\s*\d/).waitFor();
      const drawn = () => page.evaluate<string>(`document.querySelector('figure canvas').toDataURL()`);
      const light = await drawn();
      await page.getByRole('button', { name: /^Your settings/ }).click();
      await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
      // At once: figures that come anew would draw it anew.
      await page.evaluate('new Promise((over) => requestAnimationFrame(() => requestAnimationFrame(over)))');
      expect(await drawn()).to.not.equal(light);
      await page.keyboard.press('Escape');
      const volume = page.getByRole('region', { name: 'Conversations, messages and answers' });
      await volume.getByRole('button', { name: 'Table' }).click();
      expect(await volume.getByRole('row').count()).to.equal(31);
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'CSV', exact: true }).first().click();
      expect((await saved).suggestedFilename()).to.equal('dashboard.csv');
      await page.getByRole('combobox', { name: 'Range' }).selectOption('days7');
      await page.waitForURL(/range=days7/);
      await until('seven days', async () => (await volume.getByRole('row').count()) === 8);
      await page.reload();
      await page.getByRole('combobox', { name: 'Range' }).and(page.locator('select')).waitFor();
      expect(await page.getByRole('combobox', { name: 'Range' }).inputValue()).to.equal('days7');

      await page.route(/analytics\/dashboard\?/, async (route) => {
        const response = await route.fetch();
        const figures = await response.json();
        figures.totals.cost = { amount: 1, currency: 'USD', unpriced_tokens: 1_200 };
        await route.fulfill({ response, json: figures });
      });
      await page.reload();
      await page.getByText('Without 1,200 tokens that have no price').waitFor();
    });

    it('is sound in every look', async () => {
      await expectSound(panel, admin, '/dashboard', (page) =>
        page.getByRole('table', { name: 'Languages' }).waitFor(),
      );
    });
  });

  const row = (user: BuiltUser) => knex('users').where({ id: user.id }).first();
});
