import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { describeBrowser, launchBrowser, shoot } from '../support/browser.ts';
import { buildUser } from '../support/factories.ts';
import { openPage, PHONE } from '../support/pages.ts';
import { enterPanel } from '../support/panel.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

describeBrowser('an agent’s round, over three browsers and two replicas', function () {
  this.timeout(240_000);
  let stack: Stack;
  let site: { url: string; server: Server };
  const browsers: Browser[] = [];
  const faults: string[][] = [];
  before(async () => {
    await buildDefault();
    site = await startSite(() => stack.web[0] ?? '');
    stack = await startStack({ WIDGET_ORIGINS: site.url }, [
      'web',
      'web',
      'moderation',
      'context',
      'completion',
      'analytics',
      'housekeeping',
    ]);
  });
  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    site?.server.closeAllConnections();
    site?.server.close();
    await stack?.stop();
    await forgetAssistants();
  });

  /** Opens a page in a browser of its own. */
  async function open(url: string, options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
    const browser = await launchBrowser();
    browsers.push(browser);
    const opened = await openPage(browser, url, options);
    faults.push(opened.faults);
    return opened.page;
  }
  async function panelOf(role: 'agent' | 'admin', replica: number, path: string): Promise<Page> {
    const user = await buildUser({ role });
    await knex('users').where({ id: user.id }).update({ first_name: 'Grace' });
    const page = await open(`${stack.web[replica]}/admin${path}`);
    await enterPanel(page, user.email);
    return page;
  }

  it('asks for a person, is answered although a worker dies, is resolved, rates, and is counted', async () => {
    const [customer, agent, admin] = await Promise.all([
      open(site.url, { viewport: PHONE, hasTouch: true, isMobile: true }),
      panelOf('agent', 1, '/inbox'),
      panelOf('admin', 0, '/dashboard'),
    ]);
    await agent.getByText('Nobody is waiting').waitFor();
    await admin.getByText('Nothing happened in this range').waitFor();

    // The customer asks, and the worker that answers dies in the middle.
    await customer.getByRole('button', { name: 'Open chat' }).click();
    const frame = customer.frameLocator('iframe[title="Chat"]');
    const ask = async (text: string) => {
      await frame.getByRole('textbox', { name: 'Message' }).fill(text);
      await frame.getByRole('button', { name: 'Send' }).click();
    };
    await ask('Where is my parcel? [[tokens:400]] [[gap:20]]');
    await frame.getByText(/w1 w2/).waitFor();
    const [worker] = stack.of('completion');
    worker!.kill('SIGKILL');
    await worker!.exited;
    await stack.add('completion');
    await frame
      .getByRole('log')
      .getByText(/w399 w400/)
      .waitFor({ timeout: 60_000 });

    await ask('I want to talk to a person');
    await frame.getByText('A person will answer here.').waitFor();

    // The agent is told, takes it and replies.
    const list = agent.getByRole('list', { name: 'Conversations' });
    await list.getByRole('link').first().click();
    const log = agent.getByRole('log', { name: 'Messages' });
    await log.getByText('I want to talk to a person').waitFor();
    await agent.getByRole('button', { name: 'Take' }).click();
    await agent.getByRole('button', { name: 'Draft' }).click();
    await agent.getByText('The field now holds a draft by the assistant').waitFor();
    expect(await agent.getByRole('textbox', { name: 'Reply' }).inputValue()).to.not.equal('');
    await agent.getByRole('textbox', { name: 'Reply' }).fill('Your parcel is at the post office.');
    await frame.getByText('Grace is writing …').waitFor();
    await agent.getByRole('button', { name: 'Send' }).click();
    await frame.getByRole('log').getByText('Your parcel is at the post office.').waitFor();
    await frame.getByText('Grace is writing …').waitFor({ state: 'detached' });
    await frame.getByRole('textbox', { name: 'Message' }).pressSequentially('Thank');
    await log.getByText('Guest is writing …').waitFor();
    await ask('Thank you');
    await log.getByText('Thank you').waitFor();
    await shoot(agent, 'panel-round-agent');
    await shoot(customer, 'panel-round-customer');
    await agent.getByRole('button', { name: 'Resolve', exact: true }).click();
    const { id } = await until('the conversation is resolved', () =>
      knex('conversations').where({ status: 'resolved' }).first(),
    );

    // The customer rates; the dashboard counts all of it.
    const rating = frame.getByRole('region', { name: 'How was this conversation?' });
    await rating.getByRole('button', { name: '5 of 5' }).click();
    await rating.waitFor({ state: 'detached' });
    expect(await knex('conversation_ratings').where({ conversation_id: id }).pluck('score')).to.deep.equal([
      5,
    ]);
    await admin.reload();
    const volume = admin.getByRole('region', { name: 'Volume' });
    const quality = admin.getByRole('region', { name: 'Quality' });
    const figure = (of: typeof volume, name: string) =>
      of
        .locator('dl > div')
        .filter({ has: admin.getByText(name, { exact: true }) })
        .locator('dd')
        .first();
    expect(await figure(volume, 'Conversations').innerText()).to.equal('1');
    expect(await figure(quality, 'Handoffs').innerText()).to.equal('1');
    expect(await figure(quality, 'Resolved by people').innerText()).to.equal('1');
    expect(await figure(quality, 'Rating').innerText()).to.equal('5.0');
    await shoot(admin, 'panel-round-admin');

    // The answer that the worker broke off stands once.
    const replies = await knex('messages').where({ conversation_id: id, message_type: 'assistant' });
    expect(replies.filter(({ content }) => /w400/.test(content))).to.have.length(1);
    expect(faults.flat()).to.deep.equal([]);
  });
});

/** A site of somebody else that shows the widget. */
async function startSite(parley: () => string): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url === '/favicon.ico') return void response.writeHead(204).end();
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<!doctype html><html lang="en"><head><title>Shop</title><meta name="viewport" content="width=device-width"></head>
       <body><main><h1>Shop</h1></main><script src="${parley()}/widget.js" data-language="en" async></script></body></html>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, server };
}
