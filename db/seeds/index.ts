import { hash } from '@node-rs/argon2';
import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { addDefault } from '../models/assistant.ts';
import { defaultAssistant } from './assistants.ts';
import { faqCategories, faqs } from './faqs.ts';

/** What a call added: e-mail addresses of accounts, how many FAQs, and whether the default assistant. */
export type Seeded = { accounts: string[]; faqs: number; assistant: boolean };

/**
 * Adds the content of a fresh installation: the accounts admin@parley.local, agent@parley.local and demo@parley.local with the
 * given password, published FAQs about Parley, and the default assistant. It leaves existing rows alone, passwords and edited
 * FAQs included. FAQs that somebody deleted stay deleted: a seeded installation gets them again only when it has no FAQ at all.
 * The embedding worker then embeds the FAQs.
 */
export async function seed({ password }: { password: string }): Promise<Seeded> {
  const missing = await missingAccounts();
  const hashed = missing.length > 0 ? await hash(password, COST) : '';
  const first = missing.length === ACCOUNTS.length;
  return knex.transaction(async (trx) => ({
    accounts: await addAccounts(trx, missing, hashed),
    faqs: first || (await hasNoFaq(trx)) ? await addFaqs(trx, await addCategories(trx)) : 0,
    assistant: await addDefault(defaultAssistant, trx),
  }));
}

// argon2id at the cost of sign-in, so that the first sign-in does not rehash.
const COST = { memoryCost: 47_104, timeCost: 3, parallelism: 1 };

const ACCOUNTS = [
  { email: 'admin@parley.local', username: 'admin', first_name: 'Ada', role: 'admin' },
  { email: 'agent@parley.local', username: 'agent', first_name: 'Grace', role: 'agent' },
  { email: 'demo@parley.local', username: 'demo', first_name: 'Demo', role: 'user' },
];

async function missingAccounts(): Promise<typeof ACCOUNTS> {
  const emails = ACCOUNTS.map(({ email }) => email);
  const there: string[] = await knex('users').whereRaw('lower(email) = ANY(?)', [emails]).pluck('email');
  return ACCOUNTS.filter(({ email }) => !there.some((known) => known.toLowerCase() === email));
}

async function addAccounts(trx: Knex, accounts: typeof ACCOUNTS, hashed_password: string): Promise<string[]> {
  if (accounts.length === 0) return [];
  const consents = { gdpr_consent: true, data_processing_consent: true, marketing_consent: true };
  const added: { email: string }[] = await trx('users')
    .insert(accounts.map((account) => ({ ...account, ...consents, hashed_password })))
    .onConflict() // another process may seed at the same time
    .ignore()
    .returning('email');
  return added.map(({ email }) => email);
}

async function hasNoFaq(trx: Knex): Promise<boolean> {
  return (await trx('faqs').first('id')) === undefined;
}

/** Adds the missing categories; returns the id of each by its slug. */
async function addCategories(trx: Knex): Promise<Map<string, number>> {
  await trx('faq_categories').insert(faqCategories).onConflict('slug').ignore();
  const all: { id: number; slug: string }[] = await trx('faq_categories').select('id', 'slug');
  return new Map(all.map(({ id, slug }) => [slug, id]));
}

async function addFaqs(trx: Knex, categories: Map<string, number>): Promise<number> {
  const rows = faqs.map(({ category, ...faq }) => ({
    ...faq,
    category_id: categories.get(category),
    status: 'published',
    published_at: new Date(),
    meta_title: faq.question,
    meta_description: faq.answer.split(/(?<=\.) /)[0],
  }));
  const added = (await trx('faqs').insert(rows).onConflict('slug').ignore().returning(['id', 'slug'])) as {
    id: number;
    slug: string;
  }[];
  const idOf = new Map(added.map(({ id, slug }) => [slug, id]));
  // A German FAQ follows the English one that it translates.
  for (const [i, { slug, language }] of faqs.entries()) {
    const [translated, original] = [idOf.get(slug), idOf.get(faqs[i - 1]?.slug ?? '')];
    if (language === 'de' && translated !== undefined && original !== undefined)
      await trx('faqs').where({ id: translated }).update({ translation_of: original });
  }
  return added.length;
}
