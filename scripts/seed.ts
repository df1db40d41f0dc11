/** `npm run seed`: see USAGE. */
import { randomBytes } from 'node:crypto';

const USAGE = `npm run seed

Adds to DATABASE_URL the accounts admin@parley.local and demo@parley.local and some thirty FAQs about Parley
itself, in English and German. Safe to run again: what is there already, passwords included, is left alone.

SEED_PASSWORD  the password of new accounts, 8 to 256 characters; without it a random one is printed`;

if (process.argv.includes('--help')) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const given = process.env.SEED_PASSWORD;
  if (given && (given.length < 8 || given.length > 256))
    return fail('SEED_PASSWORD must have 8 to 256 characters');
  const password = given || randomBytes(9).toString('base64url');

  const { requireEnv } = await import('../shared/env.ts');
  requireEnv('DATABASE_URL');
  const { seed } = await import('../db/seeds/index.ts');
  const { stop } = await import('../shared/stop.ts');
  try {
    const { accounts, faqs } = await seed({ password });
    console.log(`seed: added ${faqs} FAQs and ${accounts.length} accounts`);
    for (const email of accounts)
      console.log(`seed: ${email}, password ${given ? 'from SEED_PASSWORD' : password}`);
  } catch (error) {
    fail(hint(error));
  } finally {
    await stop();
  }
}

/** 42P01: undefined table. */
function hint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  return code === '42P01'
    ? 'the tables are missing, run npm run migrate first'
    : error.message || String(code);
}

function fail(message: string): void {
  console.error(`npm run seed: ${message}`);
  process.exitCode = 1;
}
