import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { replaceSet, wantSet } from '../../db/models/embeddingSet.ts';
import { rows } from '../../db/sql.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { embeddingModel } from '../../shared/provider/config.ts';
import { configureEmbedding } from '../support/models.ts';
import { itNative } from '../support/native.ts';
import { until } from '../support/until.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import {
  addTopics,
  find,
  hourLater,
  later,
  serving,
  sets,
  TOPICS,
  withEmbeddings,
} from '../support/vectors.ts';

const MODEL = 'text-embedding-3-small';

describe('vectors of another model', function () {
  this.timeout(60_000);
  const at = withEmbeddings();

  it('are filled beside those that serve, which stay whole until all are there', async () => {
    const ids = await addTopics();
    at.provider.dimensions = 768;
    await configureEmbedding({ EMBEDDING_MODEL: 'small' });
    await embedFaqs(ids);
    for (const [model, before, dimensions] of [
      ['middle', 768, 1_536] as const,
      ['large', 1_536, 3_072] as const,
    ]) {
      const old = await serving();
      await configureEmbedding({ EMBEDDING_MODEL: model });
      at.provider.dimensions = dimensions;
      await reconcile(0);
      expect(await serving()).to.equal(old);
      for (const id of ids) {
        await embedFaqs([id]);
        expect(await serving()).to.equal(old);
        for (const topic of TOPICS) expect(await find(topic, before)).to.deep.equal([`Where are ${topic}?`]);
      }
      await reconcile(0);
      expect(await serving()).to.equal(model);
      for (const topic of TOPICS)
        expect(await find(topic, dimensions)).to.deep.equal([`Where are ${topic}?`]);
      expect(await sets()).to.have.members([old, model]);
      await later();
      await reconcile(0);
      expect(await sets()).to.deep.equal([model]);
      expect(await knex('faq_vectors').distinct('model').pluck('model')).to.deep.equal([model]);
    }
  });

  it('lie in their rows where they fit a page', async () => {
    await embedFaqs(await addTopics());
    // The stand-in's own vectors are mostly zeros, which compress.
    await rows(
      `UPDATE faq_vectors v SET vector =
         (SELECT array_agg(sin(v.faq_id * i + length(v.part))) FROM generate_series(1, v.dimensions) AS i)::vector`,
    );
    const [size] = await rows<{ vectors: number; pages: number }>(
      'SELECT count(*) AS vectors, count(DISTINCT (ctid::text::point)[0]) AS pages FROM faq_vectors',
    );
    expect(size?.vectors).to.be.above(0);
    expect(size?.pages).to.equal(size?.vectors);
  });

  it('are embedded for edits too while both are there', async () => {
    const ids = await addTopics();
    await embedFaqs(ids);
    await configureEmbedding({ EMBEDDING_MODEL: 'next' });
    await reconcile(0);
    const [id = 0] = ids;
    await knex('faqs').where({ id }).update({ question: 'Where are zebras?' });
    await embedFaqs([id]);
    expect(await find('zebras')).to.deep.equal(['Where are zebras?']);
    expect(await knex('faq_vectors').where({ faq_id: id, model: 'next' })).to.have.length(4);
  });

  it('serve without a text that was refused twice, and never without most of them', async () => {
    const ids = await addTopics();
    await embedFaqs(ids);
    await configureEmbedding({ EMBEDDING_MODEL: 'next' });
    await reconcile(0);
    const refusals = async (count: number) => {
      at.provider.answer = async (asked, model) =>
        model === 'next' && TOPICS.slice(0, count).some((topic) => asked.some((text) => text.includes(topic)))
          ? 400
          : undefined;
      for (let i = 0; i < 2; i++) {
        await knex('faq_vectors_owed').update({ due_at: '-infinity' });
        await knex('embedding_models').update({ due_at: '-infinity' });
        await embedFaqs(ids);
        await reconcile(0);
      }
      return serving();
    };
    expect(await refusals(5)).to.equal(MODEL);
    expect(await refusals(2)).to.equal(MODEL);
    expect(await refusals(1)).to.equal('next');
  });

  it('are left alone while a process with the old settings is alive', async () => {
    await embedFaqs(await addTopics());
    process.env.EMBEDDING_MODEL = 'next';
    const { configure } = await import('../../shared/provider/config.ts');
    configure();
    await reconcile(0);
    expect(await sets()).to.deep.equal([MODEL]);
    await configureEmbedding({ EMBEDDING_MODEL: 'next' });
    await reconcile(0);
    expect(await sets()).to.deep.equal(['next', MODEL]);
  });

  it('are the old ones again when the old settings return, and nothing is embedded anew', async () => {
    const ids = await addTopics();
    await embedFaqs(ids);
    await configureEmbedding({ EMBEDDING_MODEL: 'next' });
    await reconcile(0);
    await embedFaqs(ids.slice(0, 2));
    await configureEmbedding();
    at.provider.requests.length = 0;
    await reconcile(0);
    await embedFaqs(ids);
    await later();
    await reconcile(0);
    expect(at.provider.requests).to.deep.equal([]);
    expect(await sets()).to.deep.equal([MODEL]);
  });

  const wanted = async () => {
    const model = embeddingModel();
    if (model === null) throw new Error('off');
    return (await wantSet(model)).key;
  };

  it('of a replaced model are filled after an upgrade too, from which requests name a dimension', async () => {
    expect(await replaceSet(MODEL), 'of no set').to.equal(false);
    await embedFaqs(await addTopics());
    await hourLater();
    await knex('embedding_models').update({ from_before: true, dimensions_asked: 1_536 });
    expect(await replaceSet(MODEL)).to.equal(true);
    const [, anew] = await sets();
    await configureEmbedding();
    expect(await wanted()).to.equal(anew);
    expect(await replaceSet(MODEL), 'again').to.equal(false);
    expect(await sets()).to.have.length(2);
  });

  itNative('of a replaced model begin once, though two processes notice it at once', async () => {
    await wanted();
    await hourLater();
    const first = await knex.transaction();
    await first.raw('SELECT replace_embedding_set(?)', [MODEL]);
    const second = replaceSet(MODEL);
    try {
      await until(
        'the second waits',
        async () => (await rows('SELECT FROM pg_locks WHERE NOT granted')).length > 0,
      );
    } finally {
      await first.commit();
    }
    expect(await second).to.equal(false);
    expect(await sets()).to.have.length(2);
  });

  it('are made anew when EMBEDDING_DIMENSIONS is set, and when it is unset again', async () => {
    const ids = await addTopics();
    await embedFaqs(ids);
    const switchTo = async (settings: Record<string, string>) => {
      await configureEmbedding(settings);
      await reconcile(0);
      await embedFaqs(ids);
      await reconcile(0);
      return (await faqSet()).vectors?.dimensions;
    };
    expect(await switchTo({ EMBEDDING_DIMENSIONS: '1536' })).to.equal(1_536);
    expect(await sets(), 'the same vectors').to.deep.equal([MODEL]);
    expect(await switchTo({ EMBEDDING_DIMENSIONS: '512' })).to.equal(512);
    await later();
    await reconcile(0);
    expect(await switchTo({})).to.equal(1_536);
    expect(at.provider.requests.at(-1)).not.to.have.property('dimensions');
  });

  it('with EMBEDDING_MODEL=off nothing is owed, and the vectors are there when it is on again', async () => {
    const ids = await addTopics();
    await embedFaqs(ids);
    await configureEmbedding({ EMBEDDING_MODEL: 'off' });
    const [id = 0] = ids;
    await knex('faqs').where({ id }).update({ answer: 'Edited.' });
    at.provider.requests.length = 0;
    expect(await reconcile(0)).to.include({ embeddings: 0 });
    await embedFaqs(ids);
    expect(at.provider.requests).to.deep.equal([]);
    await configureEmbedding();
    expect(await reconcile(0)).to.include({ embeddings: 1 });
    await embedFaqs(ids);
    expect(at.provider.requests.map(({ texts }) => texts)).to.deep.equal([
      ['Where are apples?\nEdited.', 'Edited.'],
    ]);
  });
});
