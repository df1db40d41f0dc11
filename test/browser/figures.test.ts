import type { CDPSession, Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { describeBrowser } from '../support/browser.ts';
import { chatPages, log, message, newestRun } from '../support/chatPage.ts';
import { buildUser } from '../support/factories.ts';
import { playWorker } from '../support/web.ts';

const ROUNDS = 5;

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
    // The time that the thread worked, not the time that passed.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
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

  /** What something cost the page: ms that passed, and ms of its main thread, which do not depend on what else runs. */
  const spent = async (devtools: CDPSession, act: () => Promise<unknown>) => {
    const before = await metrics(devtools);
    const began = performance.now();
    await act();
    const passed = performance.now() - began;
    const after = await metrics(devtools);
    const of = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) * 1000;
    return {
      passed,
      main: of('TaskDuration'),
      script: of('ScriptDuration'),
      style: of('RecalcStyleDuration') + of('LayoutDuration'),
    };
  };
  const median = (values: number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const ratio = (one: number[], other: number[]) =>
    `${Math.round(median(one))} : ${Math.round(median(other))} ms = ${(median(one) / median(other)).toFixed(1)}`;

  it('a streamed answer of 16,000 characters, and one that comes at once', async () => {
    const part =
      '## Part\n\nWords with **weight**, `code` and a [link](https://example.org).\n\n- one\n- two\n\n';
    const text = part.repeat(Math.ceil(16_000 / part.length)).slice(0, 16_000);
    const took: Record<number, Awaited<ReturnType<typeof spent>>[]> = { 1: [], 200: [] };
    for (let round = 0; round < ROUNDS; round += 1)
      for (const deltas of [200, 1]) {
        const user = await buildUser();
        const page = await pages.at(user);
        await message(page).fill('At length, please');
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByRole('button', { name: 'Stop' }).waitFor();
        const worker = await playWorker(user, await newestRun(user));
        const devtools = await watched(page);
        const size = text.length / deltas;
        const cost = await spent(devtools, async () => {
          for (let at = 0; at < text.length; at += size) {
            await worker.say(text.slice(at, at + size));
            // Has the page draw each: deltas that come together are drawn together.
            await page.evaluate(
              'new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))',
            );
          }
          await worker.finish();
          await worker.announce();
          await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
        });
        took[deltas]?.push(cost);
        await page.close();
      }
    for (const what of ['main', 'script', 'style', 'passed'] as const)
      say(
        `200 deltas : 1 delta, ${what}`,
        ratio(
          (took[200] ?? []).map((one) => one[what]),
          (took[1] ?? []).map((one) => one[what]),
        ),
      );
  });

  it('a thread of 1,000 messages, and one of two', async () => {
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
    await pages.talk(user, 'short one', 'message 999 of none');
    const opened: Record<string, Awaited<ReturnType<typeof spent>>[]> = {
      'first of all': [],
      'short one': [],
    };
    const list = (page: Page) => page.getByRole('list', { name: 'Conversations' }).getByRole('link');
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, took] of Object.entries(opened)) {
        // A page of its own: what was shown once is kept.
        const page = await pages.at(user);
        const devtools = await watched(page);
        await list(page).nth(1).waitFor();
        const cost = await spent(devtools, async () => {
          await list(page).filter({ hasText: name }).click();
          await log(page)
            .getByText(/^message 999/)
            .waitFor();
        });
        took.push(cost);
        await page.close();
      }
    for (const what of ['main', 'script', 'style', 'passed'] as const)
      say(
        `1,000 messages : 2 messages, ${what}`,
        ratio(...(Object.values(opened).map((took) => took.map((one) => one[what])) as [number[], number[]])),
      );

    const page = await pages.at(user);
    const devtools = await watched(page);
    const empty = await heap(devtools);
    await list(page).filter({ hasText: 'first of all' }).click();
    await log(page)
      .getByText(/^message 999/)
      .waitFor();
    const open = await heap(devtools);
    await log(page).hover();
    const scrolled = await spent(devtools, async () => {
      while ((await log(page).getByText('first of all').count()) === 0) await page.mouse.wheel(0, -4_000);
    });
    say('scrolled up through all, main thread', `${Math.round(scrolled.main)} ms`);
    const whole = await heap(devtools);
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    say('memory', `${mb(empty)} empty, ${mb(open)} opened, ${mb(whole)} with all messages scrolled through`);
  });
});
