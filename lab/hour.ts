/** `node lab/hour.ts`: see USAGE. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type CDPSession, chromium, type Page } from 'playwright-core';

const USAGE = `node lab/hour.ts [--url URL] [--minutes 60] [--every 15] [--measure 5] [--rest 6]

Chats as a guest with the chat page of a running installation (npm start, with its stand-in for the model), and prints what the page
holds: memory of its scripts after a collection of garbage, elements, listeners. At the end it leaves the conversation for an empty one,
rests there, and opens it again: so what the page keeps is told from what it shows. Ends by itself.

  --minutes N   how long it chats
  --every S     seconds from one question to the next
  --measure N   minutes between two measurements
  --rest N      minutes in the empty conversation: views keep what they have read for five`;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    minutes: { type: 'string', default: '60' },
    every: { type: 'string', default: '15' },
    measure: { type: 'string', default: '5' },
    rest: { type: 'string', default: '6' },
    help: { type: 'boolean' },
  },
});

/** A page that does not answer within this is broken. */
const ANSWERED_WITHIN_MS = 60_000;
const CHROMIUM = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'];

if (options.help) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const executablePath = CHROMIUM.find((path) => path !== '' && existsSync(path));
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    page.setDefaultTimeout(ANSWERED_WITHIN_MS);
    await page.goto(options.url);
    await page.getByRole('button', { name: 'Try as guest' }).click();
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await chat(page, await page.context().newCDPSession(page));
  } finally {
    await browser.close();
  }
}

async function chat(page: Page, devtools: CDPSession): Promise<void> {
  const began = Date.now();
  const [until, everyMs, measureMs] = [
    began + Number(options.minutes) * 60_000,
    Number(options.every) * 1_000,
    Number(options.measure) * 60_000,
  ];
  let asked = 0;
  const say = async (what: string) => {
    const minutes = ((Date.now() - began) / 60_000).toFixed(1);
    console.log(
      `${minutes.padStart(5)} min  ${String(asked).padStart(4)} answered  ${await held(devtools)}  ${what}`,
    );
  };
  await say('empty');
  for (let next = began + measureMs; Date.now() < until; ) {
    const due = began + asked * everyMs;
    await sleep(Math.max(0, due - Date.now()));
    asked += 1;
    await ask(page, asked);
    if (Date.now() < next) continue;
    next += measureMs;
    await say('');
  }
  await say('at the end');
  const talk = page.url();
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page
    .getByText('How can I help?')
    .or(page.getByRole('list', { name: 'Suggested questions' }))
    .first()
    .waitFor();
  await say('in an empty conversation');
  await sleep(Number(options.rest) * 60_000);
  await say('after a rest there');
  await page.locator(`a[href="${new URL(talk).pathname}"]`).click();
  await page.getByRole('log').getByRole('article').first().waitFor();
  await say('back in it');
}

/** Every third question is for the knowledge base, the others have answers of 150 words. */
async function ask(page: Page, n: number): Promise<void> {
  const text = n % 3 === 0 ? `How do I reset my password? (${n})` : `At length, please (${n}) [[tokens:150]]`;
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
  const answers = page.getByRole('log').locator('article[aria-busy]');
  await answers.nth(n - 1).waitFor();
  await page
    .getByRole('log')
    .locator('article[aria-busy=false]')
    .nth(n - 1)
    .waitFor();
}

/** What a page holds after a collection of garbage. */
async function held(devtools: CDPSession): Promise<string> {
  await devtools.send('Performance.enable');
  for (let i = 0; i < 2; i += 1) await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
  return `${(of('JSHeapUsedSize') / 1e6).toFixed(2)} MB  ${of('Nodes')} nodes  ${of('JSEventListeners')} listeners`;
}
