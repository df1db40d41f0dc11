import { mock } from 'node:test';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { wantSet } from '../../db/models/embeddingSet.ts';
import { saveProbes, saveThresholds, setToCalibrate, thresholdsOf } from '../../db/models/threshold.ts';
import { row } from '../../db/sql.ts';
import { embeddingModel } from '../../shared/provider/config.ts';
import { thresholdIn } from '../../shared/knowledge/threshold.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import type * as Thresholds from '../../workers/housekeeping/thresholds.ts';
import { keepVectors } from '../../workers/housekeeping/vectors.ts';
import { vectorOf } from '../support/embeddings.ts';
import { configureEmbedding } from '../support/models.ts';
import { hourLater, later, published, serving, sets, withEmbeddings } from '../support/vectors.ts';

const MODEL = 'text-embedding-3-small';
/** How many there are: 120 in each of two languages, 40 in each of four. */
const PROBES = 400;
const HOUR = 3_600_000;

let starts = 0;
/** What housekeeping does after a restart: it has compared no model yet. */
const restarted = async () =>
  (await import(`../../workers/housekeeping/thresholds.ts?start=${(starts += 1)}`)) as typeof Thresholds;

describe('the threshold of a model', function () {
  this.timeout(60_000);
  const at = withEmbeddings();
  let { measure, calibrate } = {} as typeof Thresholds;
  beforeEach(async () => {
    ({ measure, calibrate } = await restarted());
  });
  const add = async (count: number): Promise<void> => {
    const faqs = Array.from({ length: count }, (_, i) =>
      published(`Where is thing ${i}?`, crypto.randomUUID()),
    );
    const added: { id: number }[] = await knex('faqs').insert(faqs).returning('id');
    await embedFaqs(added.map(({ id }) => Number(id)));
  };
  const minuteLater = () =>
    knex('embedding_thresholds').update({ computed_at: knex.raw("computed_at - interval '1 hour'") });
  const reversed = async (texts: string[]) => texts.map((text) => vectorOf(text, 1_536).reverse());
  const served = async () => {
    const { vectors } = await faqSet();
    if (vectors === null) throw new Error('no set');
    return vectors;
  };

  it('is measured by off-topic questions of each language, once there are enough FAQs', async () => {
    await add(19);
    await measure();
    expect(await thresholdsOf(MODEL)).to.deep.equal([]);
    expect(thresholdIn(await faqSet(), 'en')).to.equal(0.35);
    await add(1);
    await measure();
    const found = await thresholdsOf(MODEL);
    expect(found.map(({ language }) => language)).to.include.members(['en', 'de']);
    for (const { language, probes, threshold, coverage } of found) {
      expect(probes).to.equal(['en', 'de'].includes(language) ? 120 : 40);
      expect(threshold).to.be.within(-1, 1);
      expect(coverage).to.be.within(0.15, 1);
    }
    const { en = 2, de = 2 } = (await faqSet()).thresholds;
    expect(thresholdIn(await faqSet(), 'en-GB')).to.equal(en);
    expect(thresholdIn(await faqSet(), 'DE')).to.equal(de);
  });

  it('is owed again when the knowledge base has changed, after a minute, and embeds no probe twice', async () => {
    await add(20);
    await measure();
    expect(await setToCalibrate(20, PROBES)).to.equal(undefined);
    await add(1);
    expect(await setToCalibrate(20, PROBES), 'within a minute').to.equal(undefined);
    await minuteLater();
    expect((await setToCalibrate(20, PROBES))?.key).to.equal(MODEL);
    const asBefore = 'SELECT embedding_set_to_calibrate(20) AS key';
    expect(await row(asBefore), 'to the release before').to.deep.equal({ key: MODEL });
    at.provider.requests.length = 0;
    await measure();
    expect(
      at.provider.requests.map(({ texts }) => texts.length),
      'three, to recognize the model',
    ).to.deep.equal([3]);
    expect(await setToCalibrate(20, PROBES)).to.equal(undefined);
  });

  it('is owed again when a release brings other questions, after a minute', async () => {
    await add(20);
    await measure();
    expect(await setToCalibrate(20, PROBES + 1), 'within a minute').to.equal(undefined);
    await minuteLater();
    expect(await setToCalibrate(20, PROBES)).to.equal(undefined);
    expect((await setToCalibrate(20, PROBES + 1))?.key).to.equal(MODEL);
    // One language without questions any more, and one whose questions reach nothing.
    await knex('embedding_thresholds').where({ language: 'nl' }).update({ language: 'tlh' });
    await knex('embedding_probes').where({ language: 'nl' }).delete();
    expect(await calibrate(await served())).to.equal(true);
    await minuteLater();
    expect(await setToCalibrate(20, PROBES), 'the new number').to.equal(undefined);
    expect((await thresholdsOf(MODEL)).map(({ language }) => language).join()).to.equal('de,en,es,fr,it,nl');
    await knex('embedding_probes').delete();
    expect(await calibrate(await served()), 'nothing to measure by').to.equal(false);
    expect(await thresholdsOf(MODEL)).to.have.length(6);
  });

  it('is still asked for by the release before where that creates its function anew', async () => {
    const trx = await knex.transaction();
    try {
      await trx.raw(`CREATE OR REPLACE FUNCTION embedding_set_to_calibrate(p_faqs integer) RETURNS text LANGUAGE sql STABLE
        AS $$ SELECT 'as before' $$`);
      const { rows } = await trx.raw<{ rows: object[] }>('SELECT embedding_set_to_calibrate(20) AS key');
      expect(rows).to.deep.equal([{ key: 'as before' }]);
    } finally {
      await trx.rollback();
    }
  });

  it('is measured by other vectors where the query prefix changes, once nobody has the former one', async () => {
    await add(20);
    const before = await served();
    const probe = { language: 'en', text: 'Who wrote this?' };
    const found = [{ language: 'en', similarity: 0.4, coverage: 0.4, probes: PROBES }];
    const save = async (set: typeof before) => {
      await saveProbes(set, [probe], [probe], [vectorOf(probe.text, 1_536)]);
      await saveThresholds(set, (await faqSet()).version, found);
    };
    const kept = () =>
      row(`SELECT (SELECT count(*) FROM embedding_probes) AS probes,
        (SELECT count(*) FROM embedding_thresholds) AS thresholds`);
    const [none, one] = [
      { probes: 0, thresholds: 0 },
      { probes: 1, thresholds: 1 },
    ];
    await save(before);
    expect(await kept()).to.deep.equal(one);
    const former = embeddingModel();
    await configureEmbedding({ EMBEDDING_QUERY_PREFIX: 'query: ' });
    const present = embeddingModel();
    if (former === null || present === null) throw new Error('off');
    await wantSet(former);
    expect(await wantSet(present), 'beside a process with the former one').to.include({ query_prefix: '' });
    expect(await kept()).to.deep.equal(one);

    await configureEmbedding({ EMBEDDING_QUERY_PREFIX: 'query: ' });
    expect(await wantSet(present)).to.include({ key: MODEL, query_prefix: 'query: ' });
    expect(await kept()).to.deep.equal(none);
    await save(before);
    expect(await kept(), 'of who has not noticed').to.deep.equal(none);
    await save(await served());
    await wantSet(present);
    expect(await kept()).to.deep.equal(one);
  });

  it('notices a model that gives other vectors under its name: a new set begins, at most once an hour', async () => {
    await add(20);
    await measure();
    at.provider.answer = reversed;
    await add(1);
    await minuteLater();
    at.provider.requests.length = 0;
    await measure();
    await measure();
    expect(await sets(), 'within the hour').to.deep.equal([MODEL]);
    expect(at.provider.requests, 'asked once an hour').to.have.length(1);
    expect((await setToCalibrate(20, PROBES))?.key, 'not measured by other vectors').to.equal(MODEL);
    await hourLater();
    mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR });
    try {
      await measure();
    } finally {
      mock.timers.reset();
    }
    const [, anew = ''] = await sets();
    expect(anew).to.match(/^text-embedding-3-small#/);
    expect(await serving(), 'until the new one is complete').to.equal(MODEL);
    await keepVectors();
    await embedFaqs(await knex('faqs').pluck('id'));
    await later();
    await keepVectors();
    expect(await serving()).to.equal(anew);
  });

  it('stays as it is while the model does not answer', async () => {
    await add(20);
    at.provider.answer = async () => 503;
    await measure();
    expect(await thresholdsOf(MODEL)).to.deep.equal([]);
    expect(await setToCalibrate(20, PROBES), 'left alone for a while').to.equal(undefined);
    at.provider.answer = undefined;
    await knex('embedding_models').update({ due_at: '-infinity' });
    await measure();
    expect((await thresholdsOf(MODEL)).length).to.be.at.least(2);

    // Nothing is owed: the model is compared once after a start, which an outage only delays.
    ({ measure } = await restarted());
    at.provider.answer = async () => 503;
    await measure();
    at.provider.requests.length = 0;
    await measure();
    expect(at.provider.requests, 'left alone for a while').to.deep.equal([]);
    await knex('embedding_models').update({ due_at: '-infinity' });
    at.provider.answer = reversed;
    await hourLater();
    await measure();
    expect(await sets()).to.have.length(2);
  });
});
