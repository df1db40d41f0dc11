import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [process.env.CHROMIUM ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

/**
 * `describe` where Chromium is installed (or CHROMIUM names one); skipped elsewhere. Mocha gives each file a `describe` of its
 * own: one that is kept counts the time of all files as that of the first.
 */
export function describeBrowser(title: string, tests: (this: Mocha.Suite) => void): void {
  if (executablePath === undefined) describe.skip(title, tests);
  else describe(title, tests);
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** Saves a screenshot in the folder SHOTS, when that is set. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}
