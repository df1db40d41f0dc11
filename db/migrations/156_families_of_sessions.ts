import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Cuts the user agents of older sign-ins to their family, such as `Firefox on Linux`, as new ones are (shared/accounts/family.ts).
 * Reads the table once, beside the traffic, in batches.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [IN_BATCHES]);
}

/** Changes nothing: what was cut is gone. */
export async function down(): Promise<void> {}

/** The order matters: a browser that is built on another also names that one. */
const BROWSERS = [
  // knex would take a question mark for a parameter.
  ['\\yEdg(|e|A|iOS)/', 'Edge'],
  ['\\y(OPR|OPT|Opera)/', 'Opera'],
  ['\\ySamsungBrowser/', 'Samsung Internet'],
  ['\\y(Firefox|FxiOS)/', 'Firefox'],
  ['\\y(Chrome|CriOS|HeadlessChrome|Chromium)/', 'Chrome'],
  ['\\yVersion/.*\\ySafari/', 'Safari'],
];
const SYSTEMS = [
  ['\\yAndroid\\y', 'Android'],
  ['\\y(iPhone|iPod)\\y', 'iOS'],
  ['\\yiPad\\y', 'iPadOS'],
  ['\\yWindows\\y', 'Windows'],
  ['\\y(Mac OS X|Macintosh)\\y', 'macOS'],
  ['\\yCrOS\\y', 'ChromeOS'],
  ['\\y(Linux|X11)\\y', 'Linux'],
];
const firstOf = (families: string[][], otherwise: string) =>
  `CASE ${families.map(([form, name]) => `WHEN user_agent ~ '${form}' THEN '${name}'`).join(' ')} ELSE ${otherwise} END`;

/** A program's name without what is in brackets, versions and numbers. */
const PROGRAM = [
  ['\\([^)]*(\\)|$)', ' '],
  ['/\\S*', ' '],
  ['\\d[\\d.]*', ''],
  ['\\s+', ' '],
].reduce((text, [form, by]) => `regexp_replace(${text}, '${form}', '${by}', 'g')`, 'user_agent');

const FAMILY = `CASE WHEN user_agent LIKE 'Mozilla/%'
  THEN concat_ws(' on ', ${firstOf(BROWSERS, "'Browser'")}, ${firstOf(SYSTEMS, 'NULL')})
  ELSE nullif(trim(left(trim(${PROGRAM}), 60)), '') END`;

const IN_BATCHES = `
DO $$
DECLARE
  upto bigint := 0;
  last CONSTANT bigint := coalesce((SELECT max(id) FROM sessions), 0);
BEGIN
  WHILE upto < last LOOP
    UPDATE sessions SET user_agent = ${FAMILY}
    WHERE id > upto AND id <= upto + 5000 AND user_agent IS DISTINCT FROM ${FAMILY};
    upto := upto + 5000;
    COMMIT;
  END LOOP;
END $$`;
