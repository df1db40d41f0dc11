import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { setToCalibrate, thresholdsOf } from '../../db/models/threshold.ts';
import { thresholdIn } from '../../shared/knowledge/threshold.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { measure } from '../../workers/housekeeping/thresholds.ts';
import { keepVectors } from '../../workers/housekeeping/vectors.ts';
import { vectorOf } from '../support/embeddings.ts';
import { later, published, serving, sets, withEmbeddings } from '../support/vectors.ts';

const MODEL = 'text-embedding-3-small';
/** How many there are: 120 in each of two languages, 40 in each of four. */
const PROBES = 400;

describe('the threshold of a model', function () {
  this.timeout(60_000);
  const at = withEmbeddings();
  const add = async (count: number): Promise<void> => {
    const faqs = Array.from({ length: count }, (_, i) =>
      published(`Where is thing ${i}?`, crypto.randomUUID()),
    );
    const added: { id: number }[] = await knex('faqs').insert(faqs).returning('id');
    await embedFaqs(added.map(({ id }) => Number(id)));
  };
  const minuteLater = () =>
    knex('embedding_thresholds').update({ computed_at: knex.raw("computed_at - interval '1 hour'") });

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
  });

  it('notices a model that gives other vectors under its name: a new set begins, at most once an hour', async () => {
    await add(20);
    await measure();
    const otherwise = async (texts: string[]) => texts.map((text) => vectorOf(text, 1_536).reverse());
    at.provider.answer = otherwise;
    await add(1);
    await minuteLater();
    await measure();
    expect(await sets(), 'within the hour').to.deep.equal([MODEL]);
    await knex('embedding_models').update({ wanted_at: knex.raw("wanted_at - interval '1 hour'") });
    await minuteLater();
    await add(1);
    await measure();
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
  });
});
