import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import type { Browser, Page, Route } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { call } from '../support/api.ts';
import { describeBrowser, launchBrowser, shoot } from '../support/browser.ts';
import { buildAssistant, forgetAssistants } from '../support/assistants.ts';
import { buildUser } from '../support/factories.ts';
import { LISTENS } from '../support/keyboard.ts';
import { expectAccessible, PHONE, watchFaults } from '../support/pages.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const SECRET = 'shared with the site';
type Box = { scrollHeight: number; scrollTop: number; clientHeight: number };

/** Office hours on the day after tomorrow alone. */
function inTwoDays(): string {
  const day = new Date(Date.now() + 2 * 86_400_000);
  return `${day.toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' })} 09:00-17:00`;
}

/** A site of somebody else, whose own policy lets in the widget's script and frame and nothing else. */
async function startSite(): Promise<{
  url: string;
  server: Server;
  embed: (parley: string, attributes?: string) => void;
}> {
  let [parley, attributes] = ['', ''];
  const server = createServer((request, response) => {
    if (request.url === '/favicon.ico') return void response.writeHead(204).end();
    const policy = `default-src 'none'; script-src ${parley}; frame-src ${parley}; require-trusted-types-for 'script'`;
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy });
    const script = (how = '') => `<script src="${parley}/widget.js" ${attributes} ${how}></script>`;
    const [head, foot] = {
      '/head': [script(), ''],
      '/twice': [script(), script('async')],
    }[request.url ?? ''] ?? ['', script('async')];
    response.end(
      `<!doctype html><html lang="en"><head><title>Shop</title>${head}</head><body><main><h1>Shop</h1></main>${foot}</body></html>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    embed: (at, more = '') => {
      [parley, attributes] = [at, more];
    },
  };
}

describeBrowser('the widget on another site', function () {
  this.timeout(120_000);
  let site: Awaited<ReturnType<typeof startSite>>;
  let stack: Stack;
  let assistant: { id: number };
  let browser: Browser;
  let page: Page;
  let faults: string[];
  /** The site under a name that is another site than Parley's. */
  const elsewhere = () => site.url.replace('127.0.0.1', 'localhost');
  before(async () => {
    site = await startSite();
    assistant = await buildAssistant({
      greeting: { en: 'Welcome to the shop', de: 'Willkommen im Laden' },
      suggested_questions: { en: ['Do you deliver? [[tokens:3]]'], de: ['Liefert ihr?'] },
    });
    [stack, browser] = await Promise.all([
      startStack(
        {
          WIDGET_ORIGINS: [site.url, elsewhere()].join(),
          WIDGET_SECRET: SECRET,
          OFFICE_HOURS: inTwoDays(),
          OFFICE_TIMEZONE: 'UTC',
        },
        ['web', 'moderation', 'context', 'completion'],
      ),
      launchBrowser(),
    ]);
  });
  beforeEach(async () => {
    stack.provider.reset();
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    faults = watchFaults(page);
  });
  afterEach(() => page.context().close());
  after(async () => {
    await browser?.close();
    site?.server.closeAllConnections();
    site?.server.close();
    await stack?.stop();
    await forgetAssistants();
  });

  const visit = async (attributes = '', at = site.url) => {
    site.embed(stack.web[0] ?? '', attributes);
    await page.goto(at);
  };
  const frame = () => page.frameLocator('iframe[title="Chat"]');
  const ask = async (text: string) => {
    await frame().getByRole('textbox', { name: 'Message' }).fill(text);
    await frame().getByRole('button', { name: 'Send' }).click();
  };

  /** How many pixels of the messages stand below what is shown. */
  const below = () =>
    frame()
      .getByRole('log')
      .evaluate<number, Box>((box) => box.scrollHeight - box.scrollTop - box.clientHeight);

  it('answers a visitor and keeps the talk across pages', async () => {
    await visit(
      'data-greeting="Ask us" data-questions="Where are you?|When? [[tokens:3]]" data-color="#5b3fa0"',
    );
    expect(await page.locator('iframe').count()).to.equal(0);
    await page.getByRole('button', { name: 'Open chat' }).click();
    await frame().getByText('Ask us').waitFor();
    await frame()
      .getByText(/you agree/)
      .waitFor();
    expect(await knex('users').where({ role: 'guest' })).to.have.length(0);
    await shoot(page, 'widget-open');
    await frame().getByRole('button', { name: 'When?' }).click();
    await frame().getByText('w1 w2 w3').waitFor();
    await ask('slowly [[tokens:40]]');
    await frame().getByText(/w40/).waitFor();
    await frame().getByRole('button', { name: 'Good answer' }).last().click();
    await frame().getByRole('button', { name: 'Good answer', pressed: true }).waitFor();
    await shoot(page, 'widget-answered');
    await expectAccessible(page);

    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await frame().getByText(/w40/).waitFor();
    expect(await knex('users').where({ role: 'guest' })).to.have.length(1);
    expect(await knex('conversations')).to.have.length(1);
    expect(faults).to.deep.equal([]);
  });

  const guests = async () => Number((await knex('users').where({ role: 'guest' }).count())[0]?.count);

  it('makes no second guest for a message that is sent while the first sign-in is taken up', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('first [[tokens:3]]');
    await frame().getByText('w1 w2 w3').waitFor();
    const [guestsBefore, talks] = [await guests(), (await knex('conversations')).length];

    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route('**/auth/refresh', async (route) => {
      await held;
      await route.continue();
    });
    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('second [[tokens:4]]');
    go();
    await frame().getByText('w1 w2 w3 w4').waitFor();
    await frame().getByText('first [[tokens:3]]').waitFor();
    expect([await guests(), (await knex('conversations')).length]).to.deep.equal([guestsBefore, talks]);
  });

  it('makes one guest and one talk of first messages at once, in one tab or two', async () => {
    const before = await guests();
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    const other = await page.context().newPage();
    await other.goto(site.url);
    await other.getByRole('button', { name: 'Open chat' }).click();
    const theirs = other.frameLocator('iframe[title="Chat"]');
    await theirs.getByRole('textbox', { name: 'Message' }).fill('from the other tab');
    await frame()
      .getByText(/you agree/)
      .waitFor();
    await ask('one');
    await ask('two');
    await theirs.getByRole('button', { name: 'Send' }).click();
    const stored = () =>
      knex('messages')
        .where({ message_type: 'user' })
        .whereIn('content', ['one', 'two', 'from the other tab']);
    await until('all are stored', async () => (await stored()).length === 3);
    expect(await guests()).to.equal(before + 1);
    expect(new Set((await stored()).map(({ conversation_id }) => conversation_id)).size).to.equal(1);
  });

  describe('of a site that names its users late or anew', () => {
    const inside = () => page.frames().find((one) => one.url().includes('/widget'));
    /** Names a user, and waits until the frame has heard of it. */
    const name = async (id: string | null) => {
      const hash = createHmac('sha256', SECRET).update(`${id}`).digest('hex');
      await inside()?.evaluate(
        `void (globalThis.heard = new Promise((heard) => addEventListener('message', () => heard(true))))`,
      );
      await page.evaluate(`Parley.identify(${JSON.stringify(id && { external_id: id, hash })})`);
      await inside()?.evaluate('heard');
    };
    const open = async () => {
      await page.getByRole('button', { name: 'Open chat' }).click();
      const field = frame().getByRole('textbox', { name: 'Message' });
      await field.waitFor();
      return field;
    };
    /** Holds back the next answer to a request of the frame, which the server has given. */
    const holdBack = async (url: RegExp) => {
      const [given, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const late = async (route: Route) => {
        const response = await route.fetch();
        given.resolve();
        await held.promise;
        await route.fulfill({ response });
      };
      await page.route(url, late, { times: 1 });
      /** Waits until the frame has the answer. */
      const release = async () => {
        const asked = `performance.getEntriesByType('resource').some(({ name }) => ${url}.test(name))`;
        // An earlier request of the same address says nothing of this one.
        await inside()?.evaluate('performance.clearResourceTimings()');
        expect(await inside()?.evaluate(asked)).to.equal(false);
        const answered = page.waitForResponse(url);
        held.resolve();
        await (await answered).finished();
        await until('the frame has the answer', async () => (await inside()?.evaluate(asked)) === true);
      };
      return { given: given.promise, release };
    };
    /** Asks for an answer of some words, and waits for it. */
    const say = async (text: string, words: number) => {
      await ask(`${text} [[tokens:${words}]]`);
      const answer = Array.from({ length: words }, (_, i) => `w${i + 1}`).join(' ');
      await frame().getByText(answer, { exact: true }).waitFor();
    };
    const talksOf = (external_id: string) =>
      knex('conversations as c')
        .join('users as u', 'u.id', 'c.user_id')
        .where({ external_id })
        .select('c.id');
    /** What the frame keeps of a talk for nobody in particular. */
    const nobodys = () => inside()?.evaluate(`localStorage.getItem('parley.widget.talk')`);

    it('asks for no talk of a user in whose place another one is named during the sign-in', async () => {
      await visit();
      await open();
      await name('customer 60');
      await say('Ann’s', 3);
      const [talk] = await talksOf('customer 60');
      await name(null);
      await name('customer 60');
      const entered = await holdBack(/auth\/widget/);
      await ask('Ann’s second');
      await entered.given;
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await name('customer 61');
      await entered.release();
      await say('Bob’s', 4);
      expect(asked.filter((url) => url.includes(`/conversations/${talk?.id}`))).to.deep.equal([]);
    });

    it('keeps what was on its way for one user from the next', async () => {
      await visit();
      await open();
      await name('customer 50');
      await say('Ann’s', 3);
      const sent = await holdBack(/chat\/send/);
      await ask('Ann’s late');
      await sent.given;
      await name('customer 51');
      await sent.release();
      await say('Bob’s', 4);
      expect([await nobodys(), await frame().getByText('Ann’s').count()]).to.deep.equal([null, 0]);

      // A rating that is slow ends no talk that he has begun meanwhile.
      const fresh = frame().getByRole('button', { name: 'New conversation' });
      await fresh.click();
      const rated = await holdBack(/\/rating$/);
      await frame().getByRole('button', { name: '5 of 5' }).click();
      await rated.given;
      await fresh.click();
      await say('Bob’s new', 6);
      await rated.release();
      await say('Bob’s more', 7);
      await frame().getByText('Bob’s new').waitFor();
      expect(await talksOf('customer 51')).to.have.length(2);
      // Nor is she asked how his was.
      await fresh.click();
      await frame().getByText('How was this conversation?').waitFor();
      // Sites may name the same user on each of their pages.
      await name('customer 51');
      await inside()?.evaluate('new Promise((over) => requestAnimationFrame(() => setTimeout(over)))');
      expect(await frame().getByText('How was this conversation?').count()).to.equal(1);
      await name('customer 50');
      await say('Ann’s third', 8);
      expect(await frame().getByText('How was this conversation?').count()).to.equal(0);
      await name('customer 51');
      await say('Bob’s again', 9);

      // Whose store was cleared asks the server which talk was theirs.
      await inside()?.evaluate(
        'Object.keys(localStorage).filter((key) => key.includes("talk")).map((key) => localStorage.removeItem(key))',
      );
      const found = await holdBack(/conversations\?limit=1/);
      await page.reload();
      await open();
      await found.given;
      await name('customer 50');
      await found.release();
      await say('Ann’s again', 5);
      expect([await nobodys(), await frame().getByText('Bob’s').count()]).to.deep.equal([null, 0]);

      // She asks for a person, who does not come to the talk that she has begun meanwhile.
      const asked = await holdBack(/\/handoff$/);
      await frame().getByRole('button', { name: 'Ask a person' }).click();
      await asked.given;
      await fresh.click();
      await fresh.click();
      await say('Ann’s new', 10);
      await asked.release();
      await frame().getByText('Ann’s new').waitFor();
      expect(await frame().getByText('A person will answer here.').count()).to.equal(0);

      // What fails for her is told to her alone, also where it fails when he is there already.
      const good = frame().getByRole('button', { name: 'Good answer' }).last();
      await page.route(/\/feedback$/, (route) => route.abort(), { times: 1 });
      await good.click();
      await frame().getByRole('alert').waitFor();
      await name('customer 51');
      await frame().getByRole('alert').waitFor({ state: 'detached' });
      await name('customer 50');
      await say('Ann’s last', 11);
      const { promise: late, resolve: fail } = Promise.withResolvers<void>();
      await page.route(/\/feedback$/, (route) => late.then(() => route.abort()), { times: 1 });
      const rates = page.waitForRequest(/\/feedback$/);
      await good.click();
      await rates;
      await name('customer 51');
      const failed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/feedback'));
      fail();
      await failed;
      await say('Bob’s last', 12);
      expect(await frame().getByRole('alert').count()).to.equal(0);
    });

    it('gives a message that found no sign-in back to nobody else', async () => {
      await visit('data-questions="His [[tokens:3]]"');
      const field = await open();
      await name('customer 54');
      const { promise: late, resolve: go } = Promise.withResolvers<void>();
      const asked = page.waitForRequest('**/auth/widget');
      await page.route('**/auth/widget', async (route) => {
        await late;
        await route.abort();
      });
      await ask('Ann’s secret');
      await asked;
      await name('customer 55');
      const failed = page.waitForEvent('requestfailed');
      go();
      await failed;
      await page.unroute('**/auth/widget');
      // He writes without the field, which would lose what came back into it.
      await frame().getByRole('button', { name: 'His' }).click();
      await frame().getByText('w1 w2 w3', { exact: true }).waitFor();
      expect(await field.inputValue()).to.equal('');
      expect(await frame().getByRole('alert').count()).to.equal(0);
      expect(await inside()?.evaluate('Object.values(localStorage).join()')).to.not.include('secret');
      expect(await knex('messages').where({ content: 'Ann’s secret' })).to.deep.equal([]);

      // That one was not sent is told to its writer alone.
      await name('customer 57');
      await page.route('**/auth/widget', (route) => route.abort());
      await ask('Cleo’s secret');
      await frame().getByText('This message was not accepted.').waitFor();
      await name('customer 58');
      await frame().getByRole('alert').waitFor({ state: 'detached' });
      expect(await field.inputValue()).to.equal('');
    });

    it('forgets what a guest did not send when the site names a user', async () => {
      await visit();
      await open();
      await say('a guest’s', 3);
      await page.route('**/chat/send', (route) => route.abort());
      await ask('a guest’s secret');
      await frame().getByText('a guest’s secret').waitFor();
      await name('customer 56');
      await page.unroute('**/chat/send');
      await say('Ann’s', 4);
      expect(await inside()?.evaluate('Object.values(localStorage).join()')).to.not.include('secret');
    });

    it('keeps what was typed before the first name, for that user alone', async () => {
      await visit();
      const field = await open();
      await field.fill('half a thought');
      await name('customer 52');
      expect(await field.inputValue()).to.equal('half a thought');
      await name('customer 53');
      await until('it is gone', async () => (await field.inputValue()) === '');
      await name('customer 52');
      await until('it is back', async () => (await field.inputValue()) === 'half a thought');
      await page.reload();
      await open();
      expect(await field.inputValue()).to.equal('');
    });
  });

  it('gives back a message that found no sign-in, with what was typed meanwhile', async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route('**/auth/guest', async (route) => {
      await held;
      await route.abort();
    });
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('first');
    const field = frame().getByRole('textbox', { name: 'Message' });
    await field.fill('second');
    go();
    await frame().getByText('This message was not accepted.').waitFor();
    expect(await field.inputValue()).to.equal('first\nsecond');
  });

  it('keeps what is written without a network, sends it by itself, and says what did not work', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('online [[tokens:3]]');
    await frame().getByRole('button', { name: 'Good answer' }).waitFor();
    await page.context().setOffline(true);
    await ask('offline [[tokens:4]]');
    await frame().getByText('No connection. Your message is kept.').waitFor();
    await frame().getByRole('button', { name: 'Ask a person' }).click();
    await frame().getByRole('alert').getByText('This did not work. Please try again.').waitFor();
    await page.context().setOffline(false);
    await frame().getByText('w1 w2 w3 w4').waitFor();
    await frame().getByRole('button', { name: 'Good answer' }).last().click();
    await frame().getByRole('alert').waitFor({ state: 'detached' });
    const body = JSON.stringify({ code: 'quota_exceeded', status: 429, retry_after_s: 3_600 });
    await page.route('**/chat/send', (route) => route.fulfill({ status: 429, body }), { times: 1 });
    await ask('over the budget');
    await frame().getByText('Not sent yet. Next try:').waitFor();
  });

  it('keeps a message and its growing answer while earlier news comes late', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('first [[tokens:3]]');
    await frame().getByRole('button', { name: 'Good answer' }).waitFor();
    const inside = page.frames().find((one) => one.url().includes('/widget'));
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = async (route: Route) => {
      const response = await route.fetch();
      asked.resolve();
      await held.promise;
      await route.fulfill({ response });
    };
    await page.route(/messages\?order/, late, { times: 1 });
    await inside?.evaluate(`dispatchEvent(new Event('online'))`);
    await asked.promise;
    await ask('second [[tokens:200]]');
    await frame()
      .getByText(/w1 w2 w3 w4/)
      .waitFor();
    await inside?.evaluate(`
      const log = document.querySelector('.log');
      globalThis.lost = 0;
      const look = () => { if (!/second.*w4/s.test(log.textContent)) lost += 1; };
      new MutationObserver(look).observe(log, { childList: true, characterData: true, subtree: true });
    `);
    const loaded = page.waitForResponse(/messages\?order/);
    held.resolve();
    await (await loaded).finished();
    await frame().getByRole('button', { name: 'Good answer' }).nth(1).waitFor();
    expect(await inside?.evaluate('lost')).to.equal(0);
  });

  it('shows an answer whose log was lost, and asks once a second at most', async () => {
    const asked: number[] = [];
    const frames = (events: [name: string, data: object][]) =>
      events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('');
    await page.route('**/runs/*/events*', (route) => {
      asked.push(Date.now());
      const run_id = Number(/runs\/(\d+)/.exec(route.request().url())?.[1]);
      const place = { run_id, attempt: 1, message_id: 0, reply_id: 0 };
      const delta: [string, object] = ['response.delta', { ...place, seq: 2, delta: 'Beg' }];
      const end: [string, object] = ['response', { ...place, seq: 9, content: 'Begun and ended' }];
      const events = asked.length === 1 ? [['run.status', { ...place, seq: 1 }] as typeof end, delta] : [end];
      // The second stream ends at once, as that of a server that stops.
      const body = asked.length === 2 ? '' : frames(events);
      return route.fulfill({ contentType: 'text/event-stream', body });
    });
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('lost [[tokens:3]]');
    await frame().getByRole('button', { name: 'Good answer' }).waitFor();
    await frame().getByText('w1 w2 w3').waitFor();
    expect(asked).to.have.length(3);
  });

  it('greets as its assistant does, with the questions of that, and is counted as the widget', async () => {
    await page.goto(`${stack.web[0]}/widget?language=de&assistant=${assistant.id}`);
    await page.getByText('Willkommen im Laden').waitFor();
    await page.getByRole('button', { name: 'Liefert ihr?' }).waitFor();
    await visit(`data-assistant="${assistant.id}"`);
    await page.getByRole('button', { name: 'Open chat' }).click();
    await frame().getByText('Welcome to the shop').waitFor();
    // People are there again on the day after tomorrow.
    await frame()
      .getByText(/People answer from .*09:00 on\./)
      .waitFor();
    await shoot(page, 'widget-greeting');
    await frame()
      .getByRole('button', { name: /Do you deliver/ })
      .click();
    await frame().getByText('w1 w2 w3').waitFor();
    const talk = await knex('conversations').orderBy('id', 'desc').first();
    expect(talk.channel).to.equal('widget');
    expect(faults).to.deep.equal([]);
  });

  it('counts what came while it was shut', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('one [[delay:4000]]');
    await ask('two [[delay:500]]');
    await frame().getByText('two', { exact: false }).first().waitFor();
    await frame().getByRole('button', { name: 'Close chat' }).click();
    await page.getByRole('button', { name: 'Open chat (2)' }).waitFor();
    await shoot(page, 'widget-badge');
    expect(await page.locator('div').locator('i').first().textContent()).to.equal('2');
    await page.getByRole('button', { name: 'Open chat (2)' }).click();
    await frame().getByRole('button', { name: 'Close chat' }).click();
    await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
    expect(faults).to.deep.equal([]);
  });

  it('hands over to a person and back, keeps a draft, and asks at the end how it was', async () => {
    const agent = await buildUser({ role: 'agent' });
    await knex('users').where({ id: agent.id }).update({ first_name: 'Grace' });
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('hello [[tokens:4]]');
    await frame().getByText('w1 w2 w3 w4').waitFor();
    await frame().getByRole('button', { name: 'Ask a person' }).click();
    await frame().getByText('A person will answer here.').waitFor();
    // The button that was pressed is gone.
    await frame().getByRole('textbox', { name: 'Message' }).and(frame().locator(':focus')).waitFor();
    const { id } = await knex('conversations').orderBy('id', 'desc').first();
    const act = (what: string, body = {}) => stack.post(`/inbox/${id}/${what}`, body, agent.access);
    expect((await act('take')).status).to.equal(200);
    await act('reply', { content: 'One moment.' });
    await frame().getByRole('article', { name: 'Grace' }).getByText('One moment.').waitFor();
    // On the next page what comes is counted, though nobody has opened the chat there.
    await page.reload();
    await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
    await frame().getByText('One moment.').waitFor({ state: 'attached' });
    await act('reply', { content: 'I am here.' });
    await page.getByRole('button', { name: 'Open chat (1)' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Open chat (1)' }).click();
    await frame().getByRole('article', { name: 'Grace' }).getByText('I am here.').waitFor();
    await page.reload();
    await frame().getByText('I am here.').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Open chat', exact: true }).click();
    await frame().getByText('Grace: A person is answering.').waitFor();
    await frame().getByRole('textbox', { name: 'Message' }).fill('half a thought');
    await shoot(page, 'widget-person');
    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await frame().getByText('I am here.').waitFor();
    expect(await frame().getByRole('textbox', { name: 'Message' }).inputValue()).to.equal('half a thought');
    await act('resolve');
    await frame().getByText('This conversation is closed.').waitFor();
    await expectAccessible(page);
    await shoot(page, 'widget-rating');
    await frame().getByRole('button', { name: '5 of 5' }).click();
    await frame().getByText('This conversation is closed. Thank you.').waitFor();
    await frame().getByRole('textbox', { name: 'Message' }).and(frame().locator(':focus')).waitFor();
    expect(await frame().getByRole('button', { name: '5 of 5' }).count()).to.equal(0);
    expect((await knex('conversation_ratings').where({ conversation_id: id }).first()).score).to.equal(5);

    await frame().getByRole('button', { name: 'New conversation' }).click();
    await frame().getByText('How can I help?').waitFor();
    await ask('again [[tokens:5]]');
    await frame().getByText('w1 w2 w3 w4 w5').waitFor();
    await ask('more [[tokens:300]]');
    await frame().getByText(/w300/).waitFor();
    // The question how it was comes into sight also for who reads further up. Who goes on is not asked.
    await frame()
      .getByRole('log')
      .evaluate<void, Box>((box) => {
        box.scrollTop = 0;
      });
    await until('the view is at the beginning', async () => (await below()) > 500);
    await frame().getByRole('button', { name: 'New conversation' }).click();
    await until('the question is in sight', async () => (await below()) < 2);
    await frame().getByRole('button', { name: 'Ask a person' }).click();
    await frame().getByText('A person will answer here.').waitFor();
    expect(await frame().getByRole('button', { name: 'Skip' }).count()).to.equal(0);
    await frame().getByRole('button', { name: 'New conversation' }).click();
    // Who uses keys is at the question how it was.
    await frame().getByRole('button', { name: '1 of 5' }).and(frame().locator(':focus')).waitFor();
    await frame().getByRole('button', { name: 'Skip' }).click();
    expect(await frame().getByText('w5').count()).to.equal(0);
    expect(faults).to.deep.equal([]);
  });

  it('does what the page asks: open, close, identify, on', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    const hash = createHmac('sha256', SECRET).update('customer 7').digest('hex');
    await page.evaluate(
      `window.heard = [];
       Parley.on('message', (said) => window.heard.push(said));
       Parley.identify({ external_id: 'customer 7', name: 'Ada', hash: '${hash}' });
       Parley.open();`,
    );
    await ask('hello [[tokens:4]]');
    await frame().getByRole('button', { name: 'Good answer' }).waitFor();
    await until('it is heard', () => page.evaluate('window.heard.length > 0'));
    expect(await page.evaluate('window.heard')).to.deep.equal([
      { content: 'w1 w2 w3 w4', from: 'assistant' },
    ]);
    const [known] = await knex('users').where({ external_id: 'customer 7' });
    expect(known.first_name).to.equal('Ada');
    await page.evaluate('Parley.close()');
    await page.locator('iframe').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    expect(faults).to.deep.equal([]);
  });

  it('shows nothing of an earlier user to the one for whom the site vouches now', async () => {
    const openAs = async (id: string) => {
      await page.getByRole('button', { name: 'Open chat' }).waitFor();
      const hash = createHmac('sha256', SECRET).update(id).digest('hex');
      await page.evaluate(`Parley.identify({ external_id: '${id}', hash: '${hash}' }); Parley.open();`);
    };
    await visit();
    await openAs('customer 8');
    await ask('mine alone [[tokens:3]]');
    await frame().getByText('w1 w2 w3').waitFor();
    await frame().getByRole('textbox', { name: 'Message' }).fill('half a secret');

    await page.reload();
    await openAs('customer 9');
    await ask('another [[tokens:4]]');
    await frame().getByText('w1 w2 w3 w4').waitFor();
    expect(await frame().getByText('mine alone').count()).to.equal(0);

    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    await page.evaluate('Parley.identify(null); Parley.open();');
    await ask('nobody’s [[tokens:5]]');
    await frame().getByText('w1 w2 w3 w4 w5').waitFor();
    expect(await frame().getByText('another').count()).to.equal(0);
    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    await page.evaluate('Parley.identify(null); Parley.open();');
    await frame().getByText('nobody’s').waitFor();

    // Who comes back goes on where they were.
    await page.reload();
    await openAs('customer 8');
    await ask('me again [[tokens:6]]');
    await frame().getByText('mine alone [[tokens:3]]').waitFor();
    await frame().getByText('w1 w2 w3 w4 w5 w6').waitFor();
    expect(await frame().getByText('nobody’s').count()).to.equal(0);

    const asked = await knex('messages as m')
      .join('conversations as c', 'c.id', 'm.conversation_id')
      .join('users as u', 'u.id', 'c.user_id')
      .where({ 'm.message_type': 'user' })
      .whereIn('u.external_id', ['customer 8', 'customer 9'])
      .orderBy('m.id')
      .select('u.external_id', 'm.content');
    expect(asked).to.deep.equal([
      { external_id: 'customer 8', content: 'mine alone [[tokens:3]]' },
      { external_id: 'customer 9', content: 'another [[tokens:4]]' },
      { external_id: 'customer 8', content: 'me again [[tokens:6]]' },
    ]);
  });

  it('sends a first message as the user whom the page names while a guest signs in', async () => {
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = async (route: Route) => {
      asked.resolve();
      await held.promise;
      await route.continue();
    };
    await page.route('**/auth/guest', late, { times: 1 });
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('whose [[tokens:3]]');
    await asked.promise;
    const hash = createHmac('sha256', SECRET).update('customer 30').digest('hex');
    const inside = page.frames().find((one) => one.url().includes('/widget'));
    await inside?.evaluate(
      `void (globalThis.heard = new Promise((heard) => addEventListener('message', () => heard(true))))`,
    );
    await page.evaluate(`Parley.identify(${JSON.stringify({ external_id: 'customer 30', hash })})`);
    await inside?.evaluate('heard');
    held.resolve();
    await frame().getByText('w1 w2 w3').waitFor();
    const writers = knex('messages as m').join('users as u', 'u.id', 'm.user_id');
    const [writer] = await writers.where({ 'm.content': 'whose [[tokens:3]]' }).select('u.external_id');
    expect(writer).to.deep.equal({ external_id: 'customer 30' });
  });

  describe('where the browser denies the frame a store', () => {
    /**
     * Opens the chat on the next page of a site that is another than Parley's. Chromium denies frames of other sites their
     * store.
     */
    const openNext = async (identity?: object | null) => {
      await visit('', elsewhere());
      await page.getByRole('button', { name: 'Open chat' }).waitFor();
      if (identity !== undefined) await page.evaluate(`Parley.identify(${JSON.stringify(identity)})`);
      const taken = page.waitForResponse(/auth\/refresh/);
      await page.getByRole('button', { name: 'Open chat' }).click();
      await taken;
    };
    const inside = () => page.frames().find((one) => one.url().includes('/widget'));
    const customer = (id: string) => ({
      external_id: id,
      hash: createHmac('sha256', SECRET).update(id).digest('hex'),
    });

    it('keeps a visitor’s talk from page to page', async () => {
      const before = await guests();
      await openNext();
      const denied = await inside()?.evaluate('try { localStorage.length } catch (err) { err.name }');
      expect(denied).to.equal('SecurityError');
      await ask('kept [[tokens:3]]');
      await frame().getByText('w1 w2 w3').waitFor();
      await openNext();
      await frame().getByText('w1 w2 w3').waitFor();
      await ask('more [[tokens:4]]');
      await frame().getByText('w1 w2 w3 w4').waitFor();
      await openNext();
      await frame().getByText('kept [[tokens:3]]').waitFor();
      expect(await guests()).to.equal(before + 1);
      expect((await knex('conversations').orderBy('id', 'desc').first()).message_count).to.equal(4);
      expect(faults).to.deep.equal([]);
    });

    it('asks quietly for a visitor who never talked, and makes nobody', async () => {
      const before = Number((await knex('users').count())[0]?.count);
      await openNext();
      await frame()
        .getByText(/you agree/)
        .waitFor();
      expect(Number((await knex('users').count())[0]?.count)).to.equal(before);
      expect(faults).to.deep.equal([]);
    });

    it('shows a talk to nobody but the user for whom the site vouches', async () => {
      await openNext(customer('customer 20'));
      await ask('mine alone [[tokens:3]]');
      await frame().getByText('w1 w2 w3').waitFor();
      await openNext(customer('customer 20'));
      await frame().getByText('mine alone').waitFor();
      const out = page.waitForResponse(/auth\/logout/);
      await openNext(customer('customer 21'));
      await out;
      await ask('another [[tokens:4]]');
      await frame().getByText('w1 w2 w3 w4').waitFor();
      expect(await frame().getByText('mine alone').count()).to.equal(0);
      const again = page.waitForResponse(/auth\/logout/);
      await openNext(null);
      await again;
      await frame()
        .getByText(/you agree/)
        .waitFor();
      expect(await frame().getByText('another').count()).to.equal(0);
      // The sign-in is gone, so it does not matter whether the next page names anybody.
      await openNext();
      await frame()
        .getByText(/you agree/)
        .waitFor();
      expect(await page.context().cookies()).to.deep.equal([]);
      expect(faults).to.deep.equal([]);
    });
  });

  it('begins anew for a visitor whom Parley has forgotten', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('soon forgotten [[tokens:3]]');
    await frame().getByText('w1 w2 w3').waitFor();
    await knex('users').where({ role: 'guest' }).update({ status: 'deleted' });
    await knex('refresh_tokens').delete();
    await page.reload();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('back again [[tokens:4]]');
    await frame().getByText('w1 w2 w3 w4').waitFor();
  });

  it('begins anew and says so when its guest is erased meanwhile, and loses no message', async () => {
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await ask('soon erased [[tokens:3]]');
    await frame().getByText('w1 w2 w3').waitFor();
    const last = await knex('messages').where({ content: 'soon erased [[tokens:3]]' }).first();
    const token = (await buildUser({ role: 'admin' })).access;
    const erase = `${stack.web[0]}/api/v1/users/${last.user_id}/erase`;
    // What is not sent yet is seen in a second tab, too, which is about to send it.
    await page.route('**/chat/send', (route) => route.abort());
    await ask('and now? [[tokens:4]]');
    const other = await page.context().newPage();
    await other.route('**/chat/send', () => {});
    const sending = other.waitForRequest('**/chat/send');
    await other.goto(site.url);
    await other.getByRole('button', { name: 'Open chat' }).click();
    await sending;
    const theirs = other.frameLocator('iframe[title="Chat"]');
    expect((await call(erase, 'POST', { reason: 'asked by letter' }, { token })).status).to.equal(202);
    await page.unroute('**/chat/send');
    for (const chat of [frame(), theirs]) {
      await chat.getByRole('button', { name: 'Good answer' }).click();
      await chat.getByText('Your conversation has ended.').waitFor();
    }
    const theirField = theirs.getByRole('textbox', { name: 'Message' });
    expect(await theirField.inputValue()).to.equal('and now? [[tokens:4]]');
    await other.close();
    await frame().getByText('Your conversation has ended. You can begin a new one.').waitFor();
    expect(await frame().getByText('soon erased').count()).to.equal(0);
    const field = frame().getByRole('textbox', { name: 'Message' });
    expect(await field.inputValue()).to.equal('and now? [[tokens:4]]');
    await frame().getByRole('button', { name: 'Send' }).click();
    await frame().getByText('w1 w2 w3 w4').waitFor();
    const said = knex('messages').where({ content: 'and now? [[tokens:4]]' });
    const [again, ...more] = await said;
    expect(more).to.deep.equal([]);
    expect(again.user_id).to.not.equal(last.user_id);
    expect(await frame().getByText('has ended').count()).to.equal(0);
  });

  it('keeps two users apart for whom the site vouches in two tabs', async () => {
    const identityOf = (id: string) => {
      const hash = createHmac('sha256', SECRET).update(id).digest('hex');
      return JSON.stringify({ external_id: id, hash });
    };
    const openAs = async (tab: Page, id: string) => {
      await tab.goto(site.url);
      await tab.getByRole('button', { name: 'Open chat' }).waitFor();
      await tab.evaluate(`Parley.identify(${identityOf(id)}); Parley.open();`);
      return tab.frameLocator('iframe[title="Chat"]');
    };
    const say = async (chat: ReturnType<typeof frame>, text: string, answer: string) => {
      await chat.getByRole('textbox', { name: 'Message' }).fill(text);
      await chat.getByRole('button', { name: 'Send' }).click();
      await chat.getByText(answer, { exact: true }).waitFor();
    };
    site.embed(stack.web[0] ?? '');
    const ann = await openAs(page, 'customer 40');
    await say(ann, 'Ann’s [[tokens:3]]', 'w1 w2 w3');
    await ann.getByRole('textbox', { name: 'Message' }).fill('Ann’s secret');
    const other = await page.context().newPage();
    const bob = await openAs(other, 'customer 41');
    expect(await bob.getByRole('textbox', { name: 'Message' }).inputValue()).to.equal('');
    await say(bob, 'Bob’s [[tokens:4]]', 'w1 w2 w3 w4');

    // Ann's tab finds out by its next message, which goes back into the field and then goes as hers.
    await ann.getByRole('button', { name: 'Send' }).click();
    await ann.getByText('You are signed out.').waitFor();
    await say(ann, 'Ann’s again [[tokens:5]]', 'w1 w2 w3 w4 w5');
    await ann.getByText('Ann’s [[tokens:3]]').waitFor();
    expect(await ann.getByText('Bob’s').count()).to.equal(0);
    const asked = await knex('messages as m')
      .join('users as u', 'u.id', 'm.user_id')
      .whereIn('u.external_id', ['customer 40', 'customer 41'])
      .where({ 'm.message_type': 'user' })
      .orderBy('m.id')
      .select('u.external_id', 'm.content', 'm.conversation_id');
    const [first, second, third] = asked.map(({ conversation_id }) => conversation_id);
    expect(asked.map(({ external_id, content }) => `${external_id}: ${content}`)).to.deep.equal([
      'customer 40: Ann’s [[tokens:3]]',
      'customer 41: Bob’s [[tokens:4]]',
      'customer 40: Ann’s again [[tokens:5]]',
    ]);
    expect(third).to.equal(first);
    expect(second).to.not.equal(first);
  });

  it('fills a phone and closes again', async () => {
    await page.setViewportSize(PHONE);
    await visit('data-language="de"');
    await page.getByRole('button', { name: 'Chat öffnen' }).click();
    await frame().getByRole('textbox', { name: 'Nachricht' }).waitFor();
    expect((await page.locator('iframe').boundingBox())?.width).to.equal(PHONE.width);
    await shoot(page, 'widget-phone');
    // A long word makes the field higher, not wider: what sends it stays on the screen.
    await frame()
      .getByRole('textbox', { name: 'Nachricht' })
      .fill(`https://example.org/${'x'.repeat(300)}`);
    const send = await frame().getByRole('button', { name: 'Senden' }).boundingBox();
    expect((send?.x ?? 0) + (send?.width ?? 0)).to.be.within(1, PHONE.width);
    // Large enough for a finger.
    expect(Math.min(send?.width ?? 0, send?.height ?? 0)).to.be.at.least(44);
    await frame().getByRole('textbox', { name: 'Nachricht' }).fill('Lang [[tokens:300]]');
    await frame().getByRole('button', { name: 'Senden' }).click();
    await frame().getByText(/w300/).waitFor();
    // What is newest stays in sight while the keyboard takes its place, and after a turn.
    for (const size of [
      { ...PHONE, height: 420 },
      { width: PHONE.height, height: PHONE.width },
    ]) {
      await page.setViewportSize(size);
      await until(
        'the iframe fills the screen',
        async () => (await page.locator('iframe').boundingBox())?.height === size.height,
      );
      await until('the newest words are in sight', async () => (await below()) < 2);
    }
    await frame().getByRole('textbox', { name: 'Nachricht' }).fill('x'.repeat(16_001));
    await frame().getByText('Höchstens 16.000 Zeichen.').waitFor();
    expect(await frame().getByRole('button', { name: 'Senden' }).isDisabled()).to.equal(true);
    // A keyboard that leaves the page its size hides a part of it. What is seen begins further down then.
    await page.setViewportSize(PHONE);
    await page.evaluate(`for (const [name, value] of Object.entries({ height: 420, offsetTop: 60 }))
      Object.defineProperty(visualViewport, name, { value });
    visualViewport.dispatchEvent(new Event('resize'));`);
    await until('the iframe fills what is seen', async () => {
      const { y, height } = (await page.locator('iframe').boundingBox()) ?? {};
      return y === 60 && height === 420;
    });
    await frame().getByRole('button', { name: 'Chat schließen' }).click();
    await page.getByRole('button', { name: 'Chat öffnen' }).waitFor();
    expect(faults).to.deep.equal([]);
  });

  it('lets a phone out of a chat that does not come, and asks for it again', async () => {
    await page.setViewportSize(PHONE);
    await page.route('**/widget?*', (route) => route.abort());
    await visit();
    await page.getByRole('button', { name: 'Open chat' }).click();
    await page.getByRole('button', { name: 'Close chat' }).click();
    expect(await page.locator('iframe').count()).to.equal(0);
    await page.unroute('**/widget?*');
    await page.getByRole('button', { name: 'Open chat' }).click();
    await frame().getByRole('textbox', { name: 'Message' }).waitFor();
  });

  it('shows its button where its script stands in the head and does not wait', async () => {
    await visit('', `${site.url}/head`);
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    expect(faults).to.deep.equal([]);
  });

  it('shows one button where its script stands twice', async () => {
    await visit('', `${site.url}/twice`);
    const button = page.getByRole('button', { name: 'Open chat' });
    await page.waitForLoadState('networkidle');
    expect(await button.count()).to.equal(1);
    await page.evaluate('Parley.open()');
    await frame().getByRole('textbox', { name: 'Message' }).waitFor();
    expect(await page.getByRole('button', { name: 'Close chat' }).count()).to.equal(1);
    expect(faults).to.deep.equal([]);
  });

  it('shows its button again where the body was replaced and its script runs again', async () => {
    await visit();
    const button = page.getByRole('button', { name: 'Open chat' });
    await button.waitFor();
    await page.evaluate(`{
      const { src } = document.querySelector('script');
      document.body.replaceWith(document.createElement('body'));
      const policy = trustedTypes.createPolicy('again', { createScriptURL: (url) => url });
      const script = document.createElement('script');
      script.src = policy.createScriptURL(src);
      document.body.append(script);
    }`);
    await button.click();
    await frame().getByRole('textbox', { name: 'Message' }).waitFor();
    expect(faults).to.deep.equal([]);
  });

  it('keeps its button where it was when it opens, on either side', async () => {
    for (const side of ['left', 'right']) {
      await visit(`data-side="${side}"`);
      const button = page.getByRole('button', { name: 'Open chat' });
      const place = await button.boundingBox();
      await button.click();
      await frame().getByRole('textbox', { name: 'Message' }).waitFor();
      expect(await page.getByRole('button', { name: 'Close chat' }).boundingBox(), side).to.deep.equal(place);
    }
  });

  it('tells a screen reader that an answer comes and then the answer, and keeps the focus in the field', async () => {
    await page.addInitScript(LISTENS);
    await visit('data-questions="Do you deliver? [[tokens:3]]"');
    await page.getByRole('button', { name: 'Open chat' }).click();
    const field = frame().getByRole('textbox', { name: 'Message' });
    await field.waitFor();
    const inside = page.frames().find((one) => one.url().includes('/widget'));
    if (inside === undefined) throw new Error('no frame');
    const told = () => inside.evaluate<string[]>('told');
    await frame()
      .getByRole('button', { name: /Do you deliver/ })
      .click();
    await field.and(frame().locator(':focus')).waitFor();
    await until('the answer is told', async () => (await told()).includes('Answer: w1 w2 w3'));
    // An answer that comes at once is not announced.
    expect((await told()).filter((text) => text !== 'Thinking …')).to.deep.equal(['Answer: w1 w2 w3']);
    await field.fill('slowly [[tokens:400]]');
    await field.press('Enter');
    await frame().getByRole('button', { name: 'Stop' }).focus();
    await page.keyboard.press('Enter');
    await frame().getByText('Stopped.').first().waitFor();
    await field.and(frame().locator(':focus')).waitFor();
    // Why messages wait is told once.
    const body = JSON.stringify({ code: 'rate_limited', status: 429, retry_after_s: 3_600 });
    await page.route('**/chat/send', (route) => route.fulfill({ status: 429, body }));
    for (const text of ['one', 'two']) {
      await field.fill(text);
      await field.press('Enter');
      await frame().getByRole('article').filter({ hasText: text }).getByText('Too many messages.').waitFor();
    }
    expect((await told()).filter((text) => text.startsWith('Too many'))).to.have.length(1);
  });

  it('has no serious finding', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${stack.web[0]}/widget?language=en&questions=One`);
      await page.getByRole('button', { name: 'One' }).waitFor();
      await expectAccessible(page);
    }
    expect(faults).to.deep.equal([]);
  });

  it('is shut to a site that is not named', async () => {
    site.embed(stack.web[0] ?? '');
    await page.goto(site.url.replace('127.0.0.1', 'unnamed.localhost'));
    const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
    await page.getByRole('button', { name: 'Open chat' }).click();
    await refused;
    expect(await frame().getByRole('textbox', { name: 'Message' }).count()).to.equal(0);
    expect(faults.join()).to.match(/frame-ancestors/);
  });
});
