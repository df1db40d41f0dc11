import type { CDPSession, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser } from '../support/browser.ts';
import { chatPages, log, message, newestRun } from '../support/chatPage.ts';
import { buildUser } from '../support/factories.ts';
import { playWorker } from '../support/web.ts';

/**
 * Figures of the chat page for docs/performance.md: FIGURES=1 npm test -- test/browser/figures.test.ts. They are printed and
 * compared with nothing, because they are those of a machine.
 */
(process.env.FIGURES ? describeBrowser : describe.skip)('figures of the chat page', function () {
  this.timeout(300_000);
  const pages = chatPages();
  const say = (what: string, value: string) => console.log(`      ${what}: ${value}`);
  const metrics = async (devtools: CDPSession) => {
    const { metrics: all } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(all.map(({ name, value }) => [name, value])) as Record<string, number>;
  };
  const watched = async (page: Page) => {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    return devtools;
  };
  const heap = async (devtools: CDPSession) => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await metrics(devtools)).JSHeapUsedSize ?? 0;
  };

  it('first load over a line of 1.6 Mbit/s and 150 ms', async () => {
    const page = await pages.open();
    const devtools = await watched(page);
    await devtools.send('Network.enable');
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    const line = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 };
    await devtools.send('Network.emulateNetworkConditions', line);
    await devtools.send('Network.setBypassServiceWorker', { bypass: true });
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const began = Date.now();
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    say('ready to sign in', `${Date.now() - began} ms, ${Math.round(bytes / 1000)} kB`);
  });

  it('a streamed answer of 16,000 characters', async () => {
    const user = await buildUser();
    const page = await pages.at(user);
    await message(page).fill('At length, please');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const worker = await playWorker(user, await newestRun(user));
    const devtools = await watched(page);
    const part =
      '## Part\n\nWords with **weight**, `code` and a [link](https://example.org).\n\n- one\n- two\n\n';
    const text = part.repeat(Math.ceil(16_000 / part.length)).slice(0, 16_000);
    const before = await metrics(devtools);
    const began = Date.now();
    for (let at = 0; at < text.length; at += 80) await worker.say(text.slice(at, at + 80));
    await worker.finish();
    await worker.announce();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    const after = await metrics(devtools);
    const spent = (name: string) => Math.round(((after[name] ?? 0) - (before[name] ?? 0)) * 1000);
    say(
      'main thread',
      `${spent('TaskDuration')} ms (script ${spent('ScriptDuration')}, layout ${spent('LayoutDuration')}, style ${spent('RecalcStyleDuration')}) in ${Date.now() - began} ms of 200 deltas`,
    );
  });

  it('a thread of 1,000 messages', async () => {
    const user = await buildUser();
    const { conversation_id } = await pages.talk(user, 'first of all', 'yes');
    await knex.batchInsert(
      'messages',
      Array.from({ length: 1_000 }, (_, i) => ({
        conversation_id,
        user_id: user.id,
        content: `message ${i}\n\n${'some **words** of an answer '.repeat(20)}`,
        message_type: i % 2 === 0 ? 'user' : 'assistant',
        status: 'sent',
      })),
      200,
    );
    const page = await pages.at(user);
    const devtools = await watched(page);
    const empty = await heap(devtools);
    const began = Date.now();
    await page.getByRole('list', { name: 'Conversations' }).getByRole('link').click();
    await log(page)
      .getByText(/^message 999/)
      .waitFor();
    say('opened', `${Date.now() - began} ms`);
    const open = await heap(devtools);
    await log(page).hover();
    while ((await log(page).getByText('first of all').count()) === 0) await page.mouse.wheel(0, -4_000);
    const whole = await heap(devtools);
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    say('memory', `${mb(empty)} empty, ${mb(open)} opened, ${mb(whole)} with all messages scrolled through`);
  });
});
