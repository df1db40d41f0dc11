import { hash } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { knex } from '../../knex.ts';
import { defaultAssistant } from '../assistants.ts';
import { DAYS, EXPERIMENT_DAYS, makeMonth, type Month } from './month.ts';
import { type Desk, type Row, rowsOf } from './rows.ts';
import { PEOPLE } from './texts.ts';

const DAY = 86_400_000;
/** Rows of one statement. */
const BATCH = 500;

export type Added = { people: number; conversations: number; messages: number };

/**
 * Adds a month of conversations that never were: accounts and guests, answers with their sources, ratings, an inbox, an
 * experiment, and questions that nothing answers. All in one transaction, after `seed`. Adds nothing where it was added before.
 * The accounts' names begin with `demo-`, and nobody can sign in to them; the conversations have the tag `demo`.
 * @param model the name of the model that is said to have answered
 * @throws where an endpoint of a webhook is enabled: it would be sent the whole month
 */
export async function seedDemo(model: string, now = Date.now()): Promise<Added | undefined> {
  const month = makeMonth(now);
  const unknown = await hash(randomBytes(32).toString('hex'), { memoryCost: 8, timeCost: 1, parallelism: 1 });
  return knex.transaction(async (trx) => {
    // One caller at a time: another one waits, and then finds what this one added.
    await trx.raw('LOCK TABLE assistants IN SHARE ROW EXCLUSIVE MODE');
    if (
      await trx('users')
        .where({ username: usernameOf(0) })
        .first('id')
    )
      return undefined;
    if (await trx('webhooks').where({ enabled: true }).first('id'))
      throw new Error('an endpoint of a webhook is enabled, and would be sent a month of events');
    const people = await addPeople(trx, month, unknown, now);
    const desk = await addHelpdesk(trx, now);
    const rows = await rowsOf(trx, { month, people, desk, model });
    for (const [table, all] of Object.entries(rows)) await insert(trx, table, all);
    await trx.raw(
      'UPDATE conversations SET experiment_version = arm_drawn(e, conversations.id), experiment_id = e.id FROM experiments e WHERE e.id = ? AND conversations.assistant_id = e.assistant_id',
      [desk.experiment],
    );
    await trx.raw(
      `UPDATE runs SET assistant_version = c.experiment_version FROM conversations c
      WHERE c.id = runs.conversation_id AND c.experiment_id = ?`,
      [desk.experiment],
    );
    await rateFaqs(trx, people);
    return {
      people: people.length,
      conversations: rows.conversations.length,
      messages: rows.messages.length,
    };
  });
}

function usernameOf(person: number): string {
  const [first = '', last = ''] = PEOPLE[person] ?? [];
  return `demo-${first}-${last}`.toLowerCase();
}

async function addPeople(
  trx: Knex,
  { guests }: Month,
  hashed_password: string,
  now: number,
): Promise<number[]> {
  const consents = { gdpr_consent: true, data_processing_consent: true };
  const since = (i: number) => new Date(now - DAYS * DAY - (1 + ((i * 7) % 40)) * 3_600_000);
  const accounts = PEOPLE.map(([first_name, last_name, language], i) => ({
    ...consents,
    email: `${usernameOf(i)}@parley.local`,
    username: usernameOf(i),
    hashed_password,
    first_name,
    last_name,
    language,
    role: 'user',
    // A third of them came in the month.
    created_at: i % 3 === 0 ? new Date(now - DAYS * DAY) : since(i),
  }));
  const visitors = Array.from({ length: guests }, (_, i) => ({
    ...consents,
    role: 'guest',
    language: i % 3 === 0 ? 'de' : 'en',
    created_at: since(i),
  }));
  const ids: number[] = [];
  for (const group of [accounts, visitors])
    for (const { id } of await trx('users').insert(group).returning('id')) ids.push(Number(id));
  return ids;
}

/** Adds the assistant of the experiment, with two versions. The default one stays as it is. */
async function addHelpdesk(trx: Knex, now: number): Promise<Desk> {
  const began = new Date(now - EXPERIMENT_DAYS * DAY - 3_600_000);
  const named = { ...defaultAssistant, name: 'Helpdesk (demo)' };
  const versions = [
    { ...named, instructions: 'You answer for a helpdesk. Answer fully and name the next step.' },
    { ...named, instructions: 'You answer for a helpdesk. Answer in two sentences at most.' },
  ];
  const [{ id: assistant }] = await trx('assistants')
    .insert({ version: 2, created_at: began })
    .returning('id');
  await trx('assistant_versions').insert(
    versions.map((definition, i) => ({
      assistant_id: assistant,
      version: i + 1,
      definition: JSON.stringify(definition),
      created_at: began,
    })),
  );
  const [{ id: experiment }] = await trx('experiments')
    .insert({ assistant_id: assistant, version_a: 1, version_b: 2, share: 0.5, created_at: began })
    .returning('id');
  const agent = await trx('users').where({ email: 'agent@parley.local' }).first('id');
  const standard = await trx('assistants').where({ is_default: true }).first('id', 'version');
  if (agent === undefined || standard === undefined)
    throw new Error('seed first: agent@parley.local or the default is missing');
  return { assistant, experiment, agent: agent.id, standard };
}

/** Has some people rate FAQs. */
async function rateFaqs(trx: Knex, people: number[]): Promise<void> {
  const faqs: number[] = await trx('faqs').where({ status: 'published' }).orderBy('id').limit(16).pluck('id');
  for (const [i, faq] of faqs.entries())
    for (let k = 0; k < 1 + ((i * 5) % 7); k += 1)
      await trx.raw('SELECT rate_faq(?, ?, ?)', [
        faq,
        people[(i + k) % PEOPLE.length] ?? 0,
        (i + k) % 4 !== 3,
      ]);
}

/** Adds rows with their own ids. Each statement names the columns of its rows; the others have their defaults. */
async function insert(trx: Knex, table: string, all: Row[]): Promise<void> {
  const groups = Map.groupBy(all, (row) =>
    Object.keys(row)
      .filter((key) => row[key] !== undefined)
      .sort()
      .join(),
  );
  for (const [columns, rows] of groups)
    for (let from = 0; from < rows.length; from += BATCH)
      await trx.raw(
        `INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE
         SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, ?::jsonb)`,
        [JSON.stringify(rows.slice(from, from + BATCH))],
      );
}
