const LONGEST = 60;

/** The order matters: a browser that is built on another also names that one. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|OPT|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome|Chromium)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPod\b/, 'iOS'],
  [/\biPad\b/, 'iPadOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/**
 * Returns the family of a user agent, such as `Firefox on Linux` or `curl`: enough for people to recognise a device of theirs,
 * and too little to tell them from others. Other programs keep their name and lose versions and what is in brackets.
 * @returns null when nothing is left
 */
export function familyOf(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  if (!userAgent.startsWith('Mozilla/')) return programOf(userAgent);
  const browser = BROWSERS.find(([form]) => form.test(userAgent))?.[1] ?? 'Browser';
  const system = SYSTEMS.find(([form]) => form.test(userAgent))?.[1];
  return system === undefined ? browser : `${browser} on ${system}`;
}

function programOf(userAgent: string): string | null {
  const name = userAgent
    .replace(/\([^)]*\)?/g, ' ')
    .replace(/\/\S*/g, ' ')
    .replace(/\d[\d.]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return name.slice(0, LONGEST).trim() || null;
}
