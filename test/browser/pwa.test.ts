import { createECDH } from 'node:crypto';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { builtFile } from '../../api/pages/files.ts';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, log, message } from '../support/chatPage.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { ask, expectAccessible, signIn } from '../support/pages.ts';
import { until } from '../support/until.ts';

describeBrowser('the installed chat page', function () {
  this.timeout(120_000);
  const pages = chatPages();
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, WEBHOOK_ALLOW_PRIVATE, PUSH_SERVICES } = env;
  before(() => {
    const pair = createECDH('prime256v1');
    Object.assign(env, {
      VAPID_PUBLIC_KEY: pair.generateKeys('base64url'),
      VAPID_PRIVATE_KEY: pair.getPrivateKey('base64url'),
      WEBHOOK_ALLOW_PRIVATE: true,
      PUSH_SERVICES: ['*'],
    });
  });
  after(() =>
    Object.assign(env, { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, WEBHOOK_ALLOW_PRIVATE, PUSH_SERVICES }),
  );
  /** Waits until the worker has the page. */
  const controlled = (page: Page) =>
    until('a worker', () =>
      page.evaluate<boolean>('navigator.serviceWorker.controller?.state === "activated"'),
    );

  it('can be installed: a manifest, icons of both sizes, a worker', async () => {
    const page = await pages.open();
    await controlled(page);
    const devtools = await page.context().newCDPSession(page);
    const { errors } = await devtools.send('Page.getAppManifest');
    expect(errors).to.deep.equal([]);
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    // A context of a test is a private window, in which nothing is installed.
    expect(
      installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'),
    ).to.deep.equal([]);
  });

  it('opens without a network, keeps what is written, and sends it when the network is back', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await controlled(page);
    const context = page.context();
    await context.setOffline(true);
    await page.reload();
    await message(page).waitFor();
    await page.getByText('No connection. What you write is kept').waitFor();
    await ask(page, 'Written on a plane');
    await log(page).getByText('This is sent once you are back online.').waitFor();
    await message(page).fill('half a thought');
    await page.reload();
    expect(await message(page).inputValue()).to.equal('half a thought');
    await page.getByText('No connection. What you write is kept').waitFor();
    await shoot(page, 'offline');
    await expectAccessible(page);
    expect(await knex('messages').where({ user_id: user.id })).to.have.length(0);
    await context.setOffline(false);
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('Written on a plane').waitFor();
    const sent = await knex('messages').where({ user_id: user.id, message_type: 'user' });
    expect(sent.map(({ content }) => content)).to.deep.equal(['Written on a plane']);
    // Each request without a network is an error in the console.
    pages.excuse();
  });

  it('keeps nothing of the API', async () => {
    const user = await buildUser();
    await pages.talk(user, 'A secret question', 'A secret answer');
    const page = await pages.at(user);
    await controlled(page);
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page).getByText('A secret answer').waitFor();
    const kept = (await page.evaluate(
      `(async () => { const found = []; for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname); return found; })()`,
    )) as string[];
    expect(kept).to.include.members(['/', '/manifest.webmanifest']);
    expect(kept.filter((path) => path.startsWith('/api') || path.startsWith('/c/'))).to.deep.equal([]);
  });

  /** Opens the page of a user who has a conversation and may be notified. */
  async function listening(user: BuiltUser) {
    const { conversation_id } = await pages.talk(user, 'Tell me later', 'Now it is later.');
    const page = await pages.at(user);
    await page.context().grantPermissions(['notifications']);
    await controlled(page);
    return { page, conversation_id };
  }

  it('shows a push, and opens its conversation in the page that is there', async () => {
    const user = await buildUser();
    const { page, conversation_id } = await listening(user);
    const devtools = await page.context().newCDPSession(page);
    const registration = new Promise<string>((found) =>
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        // The browser also names registrations of earlier servers, and those that are gone.
        const ours = registrations.find(
          ({ scopeURL, isDeleted }) => scopeURL.startsWith(pages.api().url) && !isDeleted,
        );
        if (ours) found(ours.registrationId);
      }),
    );
    await devtools.send('ServiceWorker.enable');
    const data = JSON.stringify({
      id: 9,
      kind: 'answer_ready',
      title: 'Your answer is ready',
      body: 'Open it to read it.',
      url: `https://elsewhere.example/c/${conversation_id}`,
      conversation_id,
    });
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: pages.api().url,
      registrationId: await registration,
      data,
    });
    const shown = await until('the notification', () =>
      page.evaluate<object | undefined>(
        `navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })).at(0))`,
      ),
    );
    expect(shown).to.deep.equal({
      title: 'Your answer is ready',
      body: 'Open it to read it.',
      tag: `c${conversation_id}`,
    });
    const [worker] = page.context().serviceWorkers();
    await worker?.evaluate(
      `registration.getNotifications().then(([notification]) => dispatchEvent(new NotificationEvent('notificationclick', { notification })))`,
    );
    await page.waitForURL(`**/c/${conversation_id}`);
    await log(page).getByText('Now it is later.').waitFor();
    expect(await page.evaluate('performance.getEntriesByType("navigation").length')).to.equal(1);
  });

  /** Has the worker of a page take an event that this browser has no reason to send. */
  const inWorker = async <Result>(page: Page, script: string): Promise<Result> => {
    const [worker] = page.context().serviceWorkers();
    if (worker === undefined) throw new Error('no worker');
    return worker.evaluate<Result>(script);
  };

  it('opens a page at the conversation of a push where none is open', async () => {
    const user = await buildUser();
    const { page, conversation_id } = await listening(user);
    const blank = await page.context().newPage();
    await page.goto('about:blank');
    const data = { title: 'Your answer is ready', url: '/', conversation_id };
    const show = `new PushEvent('push', { data: ${JSON.stringify(JSON.stringify(data))} })`;
    await inWorker(blank, `dispatchEvent(${show})`);
    await until('the notification', () =>
      inWorker(blank, `registration.getNotifications().then((all) => all.length > 0)`),
    );
    // Only a real click may open a window. This one notes where it would have led.
    await inWorker(
      blank,
      `registration.getNotifications().then(([notification]) => {
        clients.openWindow = async (url) => { self.opened = url; };
        dispatchEvent(new NotificationEvent('notificationclick', { notification }));
      })`,
    );
    const opened = await until('a window', () => inWorker<string | undefined>(blank, 'self.opened'));
    expect(opened).to.equal(`${pages.api().url}/c/${conversation_id}`);
    expect(await inWorker(blank, 'registration.getNotifications().then((all) => all.length)')).to.equal(0);
    await page.goto(String(opened));
    await log(page).getByText('Now it is later.').waitFor();
  });

  it('subscribes anew when the browser ends a subscription, as long as somebody is signed in', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await controlled(page);
    const p256dh = createECDH('prime256v1').generateKeys('base64url');
    const [gone, fresh] = ['http://127.0.0.1:9/push/gone', 'http://127.0.0.1:9/push/fresh'];
    const auth = Buffer.alloc(16, 1).toString('base64url');
    await knex('push_subscriptions').insert({
      user_id: user.id,
      session_id: user.sid,
      endpoint: gone,
      p256dh,
      auth,
    });
    // No push service can be reached from here: the browser's part is played.
    await inWorker(
      page,
      `PushManager.prototype.subscribe = async (options) => (self.asked = options, {
        endpoint: '${fresh}', toJSON: () => ({ endpoint: '${fresh}', keys: { p256dh: '${p256dh}', auth: '${auth}' } }),
      })`,
    );
    const change = `(() => {
      const event = new ExtendableEvent('pushsubscriptionchange');
      dispatchEvent(event);
    })()`;
    // What the page keeps for its worker once this device is told.
    const device = JSON.stringify({ user: user.id, endpoint: gone });
    await page.evaluate(
      `caches.open('push').then((kept) => kept.put('/push-device', new Response(${JSON.stringify(device)})))`,
    );
    const stored = async () =>
      (await knex('push_subscriptions').where({ user_id: user.id })).map(({ endpoint }) => String(endpoint));
    await inWorker(page, change);
    await until('the new one alone', async () => (await stored()).join() === fresh);
    expect(await inWorker(page, 'self.asked')).to.deep.equal({
      userVisibleOnly: true,
      applicationServerKey: env.VAPID_PUBLIC_KEY,
    });
    // The page goes on with the sign-in that its worker has refreshed.
    await page.getByRole('link', { name: /^Account/ }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await knex('push_subscriptions').where({ user_id: user.id }).delete();
    await inWorker(
      page,
      `(() => {
        const real = fetch;
        self.asked = [];
        self.fetch = async (...all) => {
          const answer = await real(...all);
          const [, path] = answer.url.split('/api/v1/');
          if (path) asked.push(path + ' ' + answer.status);
          return answer;
        };
      })()`,
    );
    const asked = () => inWorker<string[]>(page, 'self.asked');
    await inWorker(page, change);
    await until('a refusal', async () => (await asked()).length > 0);
    expect(await asked()).to.deep.equal(['auth/refresh 401']);
    expect(await stored()).to.deep.equal([]);
    // Who signs in after a user did not ask to be told here.
    await page.goto(`${pages.api().url}/`);
    await signIn(page, (await buildUser()).email);
    await inWorker(page, change);
    await inWorker(page, change);
    await until('two looks', async () => (await asked()).length >= 3);
    expect((await asked()).slice(1)).to.deep.equal(['auth/refresh 200', 'auth/refresh 200']);
    expect(await knex('push_subscriptions').where({ endpoint: fresh })).to.deep.equal([]);
    pages.excuse();
  });

  it('has this device told and untold, and says when the browser does not allow it', async () => {
    const user = await buildUser();
    const page = await pages.open();
    // No push service can be reached from here: the browser's part is played.
    await page.addInitScript(`
      let made = null;
      const key = (bytes) => Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? 4 : i));
      const b64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      PushManager.prototype.subscribe = async (options) => (made = {
        endpoint: 'http://127.0.0.1:9/push/here',
        options,
        toJSON: () => ({ endpoint: 'http://127.0.0.1:9/push/here', keys: { p256dh: window.p256dh, auth: b64(key(16)) } }),
        unsubscribe: async () => { made = null; return true; },
      });
      PushManager.prototype.getSubscription = async () => made;
      window.p256dh = ${JSON.stringify(createECDH('prime256v1').generateKeys('base64url'))};`);
    await page.goto(`${pages.api().url}/`);
    await page.getByRole('textbox', { name: 'E-mail' }).fill(user.email);
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await message(page).waitFor();
    await page.getByRole('link', { name: /^Account/ }).click();
    const box = page.getByRole('checkbox', { name: 'Show notifications on this device' });
    await box.click();
    await page.getByText('The browser does not allow notifications.').waitFor();
    await page.context().grantPermissions(['notifications']);
    await box.click();
    await page.getByRole('checkbox', { name: /on this device/, checked: true }).waitFor();
    const [told] = await knex('push_subscriptions').where({ user_id: user.id });
    expect(told.endpoint).to.equal('http://127.0.0.1:9/push/here');
    // By this the worker knows whom it may subscribe anew.
    const kept = () => page.evaluate(`caches.match('/push-device').then((kept) => kept?.json())`);
    expect(await kept()).to.deep.equal({ user: user.id, endpoint: 'http://127.0.0.1:9/push/here' });
    await box.click();
    await page.getByRole('checkbox', { name: /on this device/, checked: false }).waitFor();
    expect(await kept()).to.equal(undefined);
    expect(await knex('push_subscriptions').where({ user_id: user.id })).to.have.length(0);
  });

  it('offers a new release, and reloads into it without losing a draft', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await controlled(page);
    await message(page).fill('half a thought');
    const script = builtFile('sw.js');
    if (script === undefined) throw new Error('no worker');
    const before = { ...script };
    const next = Buffer.from(`${script.plain}\n// the next release\n`);
    Object.assign(script, { plain: next, br: undefined, gzip: undefined, etag: '"next"' });
    try {
      await page.evaluate('navigator.serviceWorker.ready.then((r) => r.update()).then(() => {})');
      await page.getByText('A new version is here. Your drafts stay.').waitFor();
      await shoot(page, 'new-release');
      await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload' }).click()]);
      expect(await message(page).inputValue()).to.equal('half a thought');
    } finally {
      Object.assign(script, before);
    }
  });
});
