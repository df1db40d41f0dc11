/** `node lab/pictures.ts`: see USAGE. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const USAGE = `node lab/pictures.ts [--url URL] [--to FOLDER] [--only PART] [--looks light,dark] [--widths 1280,1024,390] [--languages en,de,ar]

Takes a picture of every page of a running installation in each look, and puts those of a page side by side on one sheet,
FOLDER/sheets/PAGE.png, to look at. The pages are full after npm start and, with the database that it prints,
DATABASE_URL=… npm run seed -- --demo. The accounts are those of the seed; their password is that of .data/runtime.json, or
SEED_PASSWORD. Arabic pictures are of chat and account alone: the panel speaks English and German. It answers some questions, and stores nothing else.

  --only PART   pages whose name contains it`;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    to: { type: 'string', default: '.data/pictures' },
    only: { type: 'string', default: '' },
    looks: { type: 'string', default: 'light,dark' },
    widths: { type: 'string', default: '1280,1024,390' },
    languages: { type: 'string', default: 'en,ar' },
    help: { type: 'boolean' },
  },
});

type Person = 'nobody' | 'demo' | 'agent' | 'admin';
type Picture = {
  name: string;
  path: string;
  person: Person;
  /** What to do once the page is there. */
  act?: (page: Page) => Promise<unknown>;
  translated?: boolean;
};

const first = (part: string) => (page: Page) => page.locator(part).first().click();
const click = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const PICTURES: Picture[] = [
  { name: 'sign-in', path: '/', person: 'nobody', translated: true },
  { name: 'register', path: '/register', person: 'nobody', translated: true },
  { name: 'forgot', path: '/forgot-password', person: 'nobody', translated: true },
  { name: 'reset', path: '/reset-password#token=none', person: 'nobody' },
  { name: 'verify', path: '/verify-email#token=none', person: 'nobody' },
  { name: 'erased', path: '/erased', person: 'nobody' },
  { name: 'chat', path: '/', person: 'demo', translated: true },
  { name: 'chat-thread', path: '/', person: 'demo', act: asked, translated: true },
  { name: 'chat-no-such', path: '/c/999999', person: 'demo' },
  { name: 'account', path: '/account', person: 'demo', translated: true },
  { name: 'widget', path: '/widget', person: 'nobody', translated: true },
  { name: 'panel-sign-in', path: '/admin', person: 'nobody' },
  { name: 'panel-no-right', path: '/admin', person: 'demo' },
  { name: 'panel-dashboard', path: '/admin/dashboard', person: 'admin' },
  {
    name: 'panel-dashboard-empty',
    path: '/admin/dashboard?range=own&from=2020-01-01&to=2020-02-01',
    person: 'admin',
  },
  { name: 'panel-inbox', path: '/admin/inbox', person: 'agent' },
  { name: 'panel-inbox-open', path: '/admin/inbox', person: 'agent', act: first('main a[href*="/inbox/"]') },
  {
    name: 'panel-inbox-resolved',
    path: '/admin/inbox?list=resolved',
    person: 'agent',
    act: first('main a[href*="/inbox/"]'),
  },
  { name: 'panel-knowledge', path: '/admin/knowledge', person: 'admin' },
  { name: 'panel-knowledge-none', path: '/admin/knowledge?q=zzzzqq', person: 'admin' },
  { name: 'panel-knowledge-one', path: '/admin/knowledge', person: 'admin', act: first('main table a') },
  { name: 'panel-knowledge-new', path: '/admin/knowledge/new', person: 'admin' },
  { name: 'panel-knowledge-import', path: '/admin/knowledge/import', person: 'admin' },
  { name: 'panel-knowledge-ask', path: '/admin/knowledge/ask', person: 'admin' },
  { name: 'panel-knowledge-categories', path: '/admin/knowledge/categories', person: 'admin' },
  { name: 'panel-suggestions', path: '/admin/suggestions', person: 'admin' },
  { name: 'panel-suggestions-dismissed', path: '/admin/suggestions?status=dismissed', person: 'admin' },
  { name: 'panel-assistants', path: '/admin/assistants', person: 'admin' },
  { name: 'panel-assistants-versions', path: '/admin/assistants/1/versions', person: 'admin' },
  { name: 'panel-assistants-experiments', path: '/admin/assistants/1/experiments', person: 'admin' },
  { name: 'panel-assistants-replays', path: '/admin/assistants/1/replays', person: 'admin' },
  { name: 'panel-assistants-widget', path: '/admin/assistants/1/widget', person: 'admin' },
  { name: 'panel-users', path: '/admin/users', person: 'admin' },
  { name: 'panel-users-one', path: '/admin/users', person: 'admin', act: first('main table a') },
  { name: 'panel-webhooks', path: '/admin/webhooks', person: 'admin' },
  { name: 'panel-audit', path: '/admin/audit', person: 'admin' },
  { name: 'panel-system', path: '/admin/system', person: 'admin' },
  { name: 'panel-system-board', path: '/admin/system?board=shown', person: 'admin', act: framed },
  { name: 'panel-no-page', path: '/admin/nothing', person: 'admin' },
  { name: 'panel-settings', path: '/admin/users', person: 'admin', act: click(/settings|einstellungen/i) },
  { name: 'docs', path: '/docs', person: 'nobody' },
  { name: 'board-sign-in', path: '/admin/queues', person: 'nobody' },
];

if (options.help) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const runtime = existsSync('.data/runtime.json')
    ? JSON.parse(readFileSync('.data/runtime.json', 'utf8'))
    : {};
  const url = options.url ?? runtime.url ?? 'http://127.0.0.1:8000';
  const password = process.env.SEED_PASSWORD ?? runtime.seed_password ?? '';
  const executablePath = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  mkdirSync(`${options.to}/sheets`, { recursive: true });
  const taken = new Map<string, string[]>();
  try {
    for (const language of options.languages.split(','))
      for (const look of options.looks.split(','))
        for (const width of options.widths.split(',').map(Number))
          await take(browser, { url, password, language, look, width }, taken);
    for (const [name, files] of taken) await sheet(browser, name, files);
  } finally {
    await browser.close();
  }
  console.log(`${[...taken.values()].flat().length} pictures, ${taken.size} sheets in ${options.to}/sheets`);
}

type Look = { url: string; password: string; language: string; look: string; width: number };

/** Takes the pictures of one look: a context for each person, signed in once. */
async function take(browser: Browser, look: Look, taken: Map<string, string[]>): Promise<void> {
  const contexts = new Map<Person, BrowserContext>();
  const isPhone = look.width < 500;
  for (const { name, path, person, act, translated } of PICTURES) {
    if (!name.includes(options.only) || (look.language === 'ar' && !translated)) continue;
    const context = contexts.get(person) ?? (await enter(browser, look, person));
    contexts.set(person, context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    try {
      await page.goto(look.url + path);
      await settled(page);
      await act?.(page);
      if (act !== undefined) await page.waitForTimeout(500);
      await settled(page);
      const file = `${options.to}/${name}-${look.language}-${look.look}-${look.width}.png`;
      await page.screenshot({ path: file });
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      if (wide > 0) console.log(`${file}: ${wide} px wider than the screen`);
      taken.set(name, [...(taken.get(name) ?? []), file]);
    } catch (err) {
      console.log(`${name} ${look.language} ${look.look} ${look.width}: ${String(err).split('\n')[0]}`);
    }
    await page.close();
  }
  for (const context of contexts.values()) await context.close();

  async function enter(
    browser: Browser,
    { url, password, language, look, width }: Look,
    person: Person,
  ): Promise<BrowserContext> {
    const context = await browser.newContext({
      viewport: { width, height: isPhone ? 844 : 800 },
      locale: language === 'en' ? 'en-GB' : language,
      colorScheme: look as 'light' | 'dark',
      ...(isPhone && { isMobile: true, hasTouch: true, deviceScaleFactor: 1 }),
    });
    await context.addInitScript(`localStorage.setItem('parley.language', ${JSON.stringify(language)})`);
    if (person === 'nobody') return context;
    const page = await context.newPage();
    await page.goto(`${url}${person === 'demo' ? '/' : '/admin'}`);
    await page.locator('input').first().fill(`${person}@parley.local`);
    await page.locator('input[type=password]').fill(password);
    await page.locator('form button[type=submit]').first().click();
    await page.locator('nav:visible, textarea:visible').first().waitFor();
    await page.close();
    return context;
  }
}

/** Waits until a page has asked for all it wants, and shows no wait. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: 4_000 }).catch(() => {});
  await page
    .waitForFunction(
      `!/^(Loading|جار).*…$/m.test(document.querySelector('main, body').innerText)`,
      undefined,
      { timeout: 10_000 },
    )
    .catch(() => {});
  await page.evaluate(
    `Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished))`,
  );
}

/** Has the frame of Bull Board in the picture. */
async function framed(page: Page): Promise<void> {
  await page.frameLocator('iframe').getByText('completion').first().waitFor();
  await page.locator('iframe').scrollIntoViewIfNeeded();
}

/** Asks something, and waits for the answer. */
async function asked(page: Page): Promise<void> {
  await page.locator('textarea').first().fill('How do I reset my password?');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\/\d+/);
  await page.locator('[role=log] article, [role=log] li').nth(1).waitFor();
  await page.waitForTimeout(2_500);
}

/** Puts the pictures of a page side by side. */
async function sheet(browser: Browser, name: string, files: string[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1_900, height: 400 } });
  const images = files
    .map((file) => {
      const width = Number(/-(\d+)\.png$/.exec(file)?.[1]);
      const shown = width < 500 ? 290 : width < 1_200 ? 600 : 740;
      return `<figure><img width="${shown}" src="data:image/png;base64,${readFileSync(file).toString('base64')}"><figcaption>${file.split('/').at(-1)}</figcaption></figure>`;
    })
    .join('');
  await page.setContent(
    `<style>body{margin:8px;display:flex;flex-wrap:wrap;gap:8px;align-items:start;background:#888;font:12px sans-serif}figure{margin:0}img{display:block}</style>${images}`,
  );
  writeFileSync(`${options.to}/sheets/${name}.png`, await page.screenshot({ fullPage: true }));
  await page.close();
}
