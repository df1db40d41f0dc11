/** `npm run seed`: see USAGE. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

const USAGE = `npm run seed [-- --demo | --faqs N]

Adds to DATABASE_URL the accounts admin@parley.local, agent@parley.local and demo@parley.local, the default assistant, and
about thirty FAQs about Parley itself, in English and German. It may run again: existing rows, passwords included, stay as they are,
and FAQs that were deleted stay deleted.

--demo         also adds a month of made-up conversations, so that no page of the panel is empty: figures, ratings,
               people who wait, an experiment, and questions without an answer, which the embedding worker
               groups. Their accounts are named demo-…, and nobody can sign in to them; the conversations
               have the tag demo. It adds them once. For an installation to try things out: figures
               keep the totals of deleted conversations.
--faqs N       only brings the number of synthetic FAQs up to N, published, with vectors of the stand-in, to
               try and measure search at volume. All or none; searches wait meanwhile. To remove them:
               DELETE FROM faqs WHERE slug LIKE 'synthetic-%'.

SEED_PASSWORD  the password of new accounts, 8 to 256 characters; without it a random one is printed`;

const { values: options } = parseArgs({
  options: { demo: { type: 'boolean' }, faqs: { type: 'string' }, help: { type: 'boolean' } },
});
/** The tables that grow by seeds. */
const GROWN = 'users, faqs, conversations, messages, runs, faq_vectors';

if (options.help) console.log(USAGE);
else if (options.faqs === undefined) await main();
else await synthetic(Number(options.faqs));

async function main(): Promise<void> {
  const given = process.env.SEED_PASSWORD;
  if (given && (given.length < 8 || given.length > 256))
    return fail('SEED_PASSWORD must have 8 to 256 characters');
  const password = given || randomBytes(9).toString('base64url');

  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { seed } = await import('../db/seeds/index.ts');
  const { knex } = await import('../db/knex.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const { accounts, faqs, assistant } = await seed({ password });
    console.log(`seed: added ${faqs} FAQs and ${accounts.length} accounts`);
    if (assistant) console.log('seed: added the default assistant');
    for (const email of accounts)
      console.log(`seed: ${email}, password ${given ? 'from SEED_PASSWORD' : password}`);
    const grown = (options.demo && (await demo())) || accounts.length > 0;
    // The embedded PostgreSQL never does this by itself; another one does it a minute later.
    if (grown)
      await knex
        .raw(`ANALYZE ${GROWN}`)
        .catch(() => console.log('seed: not analyzed; PostgreSQL will do it'));
  } catch (error) {
    fail(hint(error));
  } finally {
    await stop();
  }
}

/** Adds the made-up month. Returns whether it was missing. */
async function demo(): Promise<boolean> {
  const { seedDemo } = await import('../db/seeds/demo/index.ts');
  const { chatModels } = await import('../shared/provider/config.ts');
  const added = await seedDemo(chatModels()[0]?.name ?? 'demo');
  if (added === undefined) console.log('seed: the made-up month is there already');
  else {
    const { people, conversations, messages } = added;
    console.log(
      `seed: added ${conversations} made-up conversations of ${people} people, ${messages} messages`,
    );
  }
  return added !== undefined;
}

async function synthetic(count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    return fail('--faqs must be a number from 1 to 1000000');
  const { env, requireEnv } = await import('../shared/base/env.ts');
  const { embeddingModel } = await import('../shared/provider/config.ts');
  requireEnv('DATABASE_URL');
  const model = embeddingModel()?.name;
  if (model === undefined) return fail('--faqs makes vectors, and EMBEDDING_MODEL is off');
  const { loadSyntheticFaqs } = await import('../lab/seed/load.ts');
  const say = (what: string) => console.log(`seed: ${what}`);
  try {
    const { added, indexes } = await loadSyntheticFaqs(env.DATABASE_URL, count, model, say);
    for (const { name, ms, bytes } of indexes)
      say(`${name} built in ${Math.round(ms / 1_000)} s, ${Math.round(bytes / 2 ** 20)} MiB`);
    say(`added ${added} FAQs`);
  } catch (error) {
    fail(hint(error));
  }
}

/** Names the remedy for missing tables (42P01). */
function hint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  return code === '42P01'
    ? 'the tables are missing: run npm run migrate first'
    : error.message || String(code);
}

function fail(message: string): void {
  console.error(`npm run seed: ${message}`);
  process.exitCode = 1;
}
