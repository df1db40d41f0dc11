import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { setToCalibrate, thresholdsOf } from '../../db/models/threshold.ts';
import { thresholdIn } from '../../shared/knowledge/threshold.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { measure } from '../../workers/housekeeping/thresholds.ts';
import { published, withEmbeddings } from '../support/vectors.ts';

const MODEL = 'text-embedding-3-small';

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
      expect(probes).to.equal(['en', 'de'].includes(language) ? 60 : 20);
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
    expect(await setToCalibrate(20)).to.equal(undefined);
    await add(1);
    expect(await setToCalibrate(20), 'within a minute').to.equal(undefined);
    await minuteLater();
    expect((await setToCalibrate(20))?.key).to.equal(MODEL);
    at.provider.requests.length = 0;
    await measure();
    expect(at.provider.requests).to.deep.equal([]);
    expect(await setToCalibrate(20)).to.equal(undefined);
  });

  it('stays as it is while the model does not answer', async () => {
    await add(20);
    at.provider.answer = async () => 503;
    await measure();
    expect(await thresholdsOf(MODEL)).to.deep.equal([]);
    expect(await setToCalibrate(20), 'left alone for a while').to.equal(undefined);
    at.provider.answer = undefined;
    await knex('embedding_models').update({ due_at: '-infinity' });
    await measure();
    expect((await thresholdsOf(MODEL)).length).to.be.at.least(2);
  });
});
