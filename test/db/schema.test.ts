import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { migrationsMissing } from '../../db/migrate.ts';
import { knex } from '../../db/knex.ts';
import { LINES, SCHEMA_FILE } from '../../db/schema.ts';
import { buildUser } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { createOwnDatabase, migrate, type Queries } from '../support/own-database.ts';

describe('the schema', () => {
  it('works without a search_path: generated columns, checks, defaults and triggers', async () => {
    await buildUser();
    await knex('audit_log').insert({ action: 'test', target_type: 'user' });
    const insertFaq = `INSERT INTO public.faqs (question, answer, slug, keywords) VALUES ('Why?', 'So.', 'why', '{so}')`;
    const tables = (await knex.raw(
      `SELECT format('public.%I', relname) AS name, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'knex_%' GROUP BY relname`,
    )) as { rows: { name: string; columns: string }[] };
    const refused: string[] = [];
    for (const { name, columns } of tables.rows) {
      const [column] = columns.split(', ').filter((one) => one !== 'id');
      for (const statement of [
        `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${name} WHERE false`,
        `UPDATE ${name} SET ${column} = ${column}`,
        `DELETE FROM ${name}`,
      ]) {
        const trx = await knex.transaction();
        try {
          await trx.raw(`SET LOCAL search_path = ''`);
          await trx.raw(insertFaq);
          await trx.raw(statement);
        } catch (err) {
          // The triggers of the audit log refuse changes, as they should.
          if ((err as { code: string }).code !== '42501') refused.push(String(err));
        } finally {
          await trx.rollback();
        }
      }
    }
    expect(refused).to.deep.equal([]);
  });
});

describe('migrate', function () {
  // Each test starts a process.
  this.timeout(60_000);
  let database: Queries;
  before(async function () {
    this.timeout(60_000);
    database = await createOwnDatabase();
    expect(await migrate(database.url)).to.deep.include({ code: 0, stderr: '' });
  });
  after(() => database.stop());

  // In a database of its own: the suite's may hold what other tests made of the schemas of earlier releases.
  it('makes what db/schema.txt lists, which `npm run write` writes', async () => {
    const listed = readFileSync(SCHEMA_FILE, 'utf8').split('\n').slice(0, -1);
    const made = (await database.query<{ line: string }>(LINES)).map(({ line }) => line);
    // PGlite lacks most of them.
    const vectorIndexes = listed.filter((line) => !onNative && line.startsWith('vector index '));
    expect([...new Set([...made, ...vectorIndexes])].sort()).to.deep.equal(listed);
  });

  it('runs again as a mere owner in a session that has loaded no library', async () => {
    expect(await migrate(database.url)).to.deep.equal({ code: 0, stdout: '', stderr: '' });
  });

  const losses = [
    ['DROP INDEX faqs_by_status', 'index faqs_by_status'],
    [
      'ALTER TABLE faq_feedback DROP CONSTRAINT faq_feedback_faq_id_fkey',
      'constraint faq_feedback.faq_feedback_faq_id_fkey',
    ],
    ['ALTER TABLE runs DROP COLUMN traceparent', 'column runs.traceparent'],
    ['ALTER TABLE audit_log DISABLE TRIGGER audit_log_kept', 'trigger audit_log.audit_log_kept'],
    ['ALTER FUNCTION search_grams COST 100', 'function search_grams cost 2000'],
    ['DROP FUNCTION faq_set_changed CASCADE', 'function faq_set_changed'],
    ['DROP TABLE faqs CASCADE', 'table faqs'],
  ] as const;
  for (const [statement, named] of losses) {
    it(`exits with 1 and one line when an incomplete restore lost ${named}`, async () => {
      await database.query(statement);
      const { code, stderr } = await migrate(database.url);
      expect({ code, lines: stderr.trim().split('\n').length }).to.deep.equal({ code: 1, lines: 1 });
      expect(stderr).to.match(
        /^npm run migrate: the schema is incomplete, restore the backup again: it lacks /,
      );
      expect(await lacking(database)).to.include(named);
      if (named === 'table faqs') expect(stderr).to.contain('it lacks table faqs, ');
    });
  }

  it('exits with 1 and one line when the database has tables but no record of migrations', async () => {
    await database.query('DELETE FROM knex_migrations');
    const { code, stdout, stderr } = await migrate(database.url);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.match(/^npm run migrate: the database holds tables but no record of migrations: .*\n$/);
  });
});

/** Returns everything that the schema lacks; the error names only the first few. */
async function lacking({ query }: Queries): Promise<string[]> {
  const listed = readFileSync(SCHEMA_FILE, 'utf8').split('\n');
  const there = new Set((await query<{ line: string }>(LINES)).map(({ line }) => line));
  return listed.filter((line) => line !== '' && !there.has(line));
}

describe('a schema of a newer release', function () {
  this.timeout(60_000);
  before(() =>
    knex('knex_migrations').insert({ name: '999_of_the_future.ts', batch: 999, migration_time: new Date() }),
  );
  after(() => knex('knex_migrations').where({ name: '999_of_the_future.ts' }).delete());

  it('counts as migrated for this release', async () => {
    expect(await migrationsMissing()).to.equal(false);
  });

  it('is left alone by migrate, functions included', async () => {
    // This release's file would drop the function and create it again.
    const made = () => knex.raw("SELECT oid FROM pg_proc WHERE proname = 'promote_next'");
    const before = await made();
    const { code, stdout } = await migrate(process.env.DATABASE_URL ?? '');
    expect(code).to.equal(0);
    expect(stdout).to.contain('the schema is of a newer release');
    expect((await made()).rows).to.deep.equal(before.rows);
  });
});
