import { expect } from 'chai';
import { toSql } from 'pgvector';
import { knex } from '../../db/knex.ts';
import { migrate } from '../../db/migrate.ts';
import * as vectorsMigration from '../../db/migrations/022_faq_vectors.ts';
import * as termsMigration from '../../db/migrations/040_faq_terms.ts';
import * as thresholdsMigration from '../../db/migrations/041_thresholds.ts';
import * as coverageMigration from '../../db/migrations/090_coverage_thresholds.ts';
import * as foldedMigration from '../../db/migrations/136_faq_folded.ts';
import * as inRowsMigration from '../../db/migrations/143_vectors_in_rows.ts';
import { rows } from '../../db/sql.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { indexesKept } from '../../workers/housekeeping/vectors.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { syntheticFaq } from '../../lab/seed/texts.ts';
import { undisturbed } from '../support/database.ts';
import { configureEmbedding } from '../support/models.ts';
import { itNative } from '../support/native.ts';
import { vectorOf } from '../support/embeddings.ts';
import { embed } from '../../lab/standin/embedding.ts';
import { find, published, serving, TOPICS, withEmbeddings } from '../support/vectors.ts';

const MODEL = 'text-embedding-3-small';

describe('vectors of the release before', function () {
  this.timeout(60_000);
  const at = withEmbeddings();
  // That release knows two texts of an FAQ; 022 brings them back.
  after(async () => {
    await undisturbed(() => termsMigration.down(knex));
    await undisturbed(() => termsMigration.up(knex));
    await undisturbed(() => foldedMigration.up(knex));
  });

  const columnsOf = (question: string, answer: string) => ({
    question_embedding: toSql(Array.from(embed(question))),
    question_embedding_model: MODEL,
    question_text_hash: knex.raw('md5(?)', [question]),
    answer_embedding: toSql(Array.from(embed(answer))),
    answer_embedding_model: MODEL,
    answer_text_hash: knex.raw('md5(?)', [answer]),
  });
  const upgrade = async () => {
    await vectorsMigration.up(knex);
    await thresholdsMigration.up(knex);
    await coverageMigration.up(knex);
    await inRowsMigration.up(knex);
    await migrate();
  };
  const addAsBefore = async (count: number) => {
    await coverageMigration.down(knex);
    await thresholdsMigration.down(knex);
    await vectorsMigration.down(knex);
    for (let i = 0; i < count; i++) {
      const faq = published(
        TOPICS[i] === undefined ? syntheticFaq(i).question : `Where are ${TOPICS[i]}?`,
        `slug-${i}`,
      );
      await knex('faqs').insert({ ...faq, ...columnsOf(faq.question, faq.answer) });
    }
    await knex.raw('ANALYZE faqs');
    await upgrade();
  };

  it('serve at once after the migration, are copied and never embedded anew', async () => {
    await addAsBefore(5);
    expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 0 });
    for (const topic of TOPICS) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
    expect(await reconcile(0)).to.include({ embeddings: 0 });
    expect(await knex('embedding_models').first()).to.include({
      key: MODEL,
      in_columns: false,
      dimensions: 1_536,
    });
    expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 10 });
    const same = await rows(
      `SELECT FROM faqs f JOIN faq_vectors v ON v.faq_id = f.id WHERE v.vector =
         CASE v.part WHEN 'question' THEN f.question_embedding ELSE f.answer_embedding END`,
    );
    expect(same).to.have.length(10);
    for (const topic of TOPICS) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
    expect(at.provider.requests).to.deep.equal([]);
  });

  it('are asked for with the dimension that it always named', async () => {
    await addAsBefore(1);
    await reconcile(0);
    const [{ id }] = (await knex('faqs').select('id')) as [{ id: number }];
    await knex('faqs').where({ id }).update({ answer: 'Edited.' });
    await embedFaqs([id]);
    expect(at.provider.requests).to.deep.equal([{ model: MODEL, texts: ['Edited.'], dimensions: 1_536 }]);
  });

  it('give way to those of another model without being copied', async () => {
    await addAsBefore(5);
    await configureEmbedding({ EMBEDDING_MODEL: 'next' });
    at.provider.dimensions = 64;
    await reconcile(0);
    for (const topic of TOPICS) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
    await embedFaqs(await knex('faqs').pluck('id'));
    await reconcile(0);
    expect(await serving()).to.equal('next');
    for (const topic of TOPICS) expect(await find(topic, 64)).to.deep.equal([`Where are ${topic}?`]);
  });

  it('are copied when it writes them beside this one', async () => {
    const faq = published('Where are walls?', 'walls');
    const [{ id }] = (await knex('faqs').insert(faq).returning('id')) as [{ id: number }];
    await knex('faqs').where({ id }).update(columnsOf(faq.question, faq.answer));
    expect(await find('walls')).to.deep.equal(['Where are walls?']);
    await knex('faqs').where({ id }).update({ question: 'Where are doors?' });
    expect(await find('walls')).to.deep.equal(['Where are doors?']);
    await knex('faqs').where({ id }).update(columnsOf('Where are doors?', faq.answer));
    expect(await find('doors')).to.deep.equal(['Where are doors?']);
    await reconcile(0);
    await embedFaqs([id]);
    expect(at.provider.requests).to.deep.equal([]);
  });

  it('are found by its own search', async () => {
    await addAsBefore(5);
    await reconcile(0);
    const found = await rows<{ question: string }>(
      `SELECT * FROM search_faqs('', ARRAY['${MODEL}'], ARRAY[CAST(:vector AS vector)], NULL, 3, 0.3, 1)`,
      { vector: toSql(vectorOf('carpets', 1_536)) as string },
    );
    expect(found.map(({ question }) => question)).to.deep.equal(['Where are carpets?']);
  });

  itNative('wait for the index where there are many, and serve meanwhile', async () => {
    await addAsBefore(320);
    // Not the topics: an index of neighbours may miss what is like nothing else.
    const expectFound = async () => {
      for (const n of [5, 60, 110, 200, 319]) {
        const { question } = syntheticFaq(n);
        expect((await find(question))[0]).to.equal(question);
      }
    };
    await reconcile(0);
    expect((await knex('embedding_models').first()).in_columns).to.equal(true);
    await expectFound();
    await indexesKept();
    await reconcile(0);
    expect((await knex('embedding_models').first()).in_columns).to.equal(false);
    await expectFound();
    // Only the probes of thresholds are embedded.
    const asked = at.provider.requests.flatMap(({ texts }) => texts);
    expect(asked.filter((text) => text.includes('Where are'))).to.deep.equal([]);
  });
});
