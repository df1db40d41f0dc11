import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { processTypes } from '../../../scripts/services/procfile.ts';
import { enqueue } from '../../../shared/delivery/enqueue.ts';
import { embeddingOf, jobNames, jobs, queuesOf, workerTypes } from '../../../shared/delivery/jobs.ts';
import { queues } from '../../../shared/delivery/queues.ts';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const procfile = read('Procfile');

describe('the catalog of jobs', () => {
  it('gives every job a process type of the Procfile', () => {
    expect(processTypes().toSorted()).to.deep.equal(['web', ...workerTypes].toSorted());
    for (const type of workerTypes)
      expect(procfile, type).to.match(new RegExp(`^${type}: node (--\\S+ )+workers/run\\.ts ${type}$`, 'm'));
    for (const name of jobNames) expect(queuesOf(jobs[name].process), name).to.include(name);
  });

  it('has its process types in docker-compose.yml, the README and the operators’ page', () => {
    for (const type of workerTypes) {
      expect(read('docker-compose.yml'), type).to.match(
        new RegExp(`command: \\[node, (--\\S+, )*workers/run\\.ts, ${type}\\]`),
      );
      expect(read('README.md'), type).to.include(`\`${type}\``);
      expect(read('docs/operations.md'), type).to.match(new RegExp(`^\\| .*\`${type}\`.* \\|`, 'm'));
    }
  });

  it('names an embedding job after the texts, so that an edit is another job', () => {
    const before = embeddingOf([{ id: 1, text_hash: 'a' }]);
    const edited = embeddingOf([{ id: 1, text_hash: 'b' }]);
    expect(jobs.embedding.id(before)).to.equal(jobs.embedding.id(embeddingOf([{ id: 1, text_hash: 'a' }])));
    expect(jobs.embedding.id(before)).to.not.equal(jobs.embedding.id(edited));
  });

  it('takes the payloads of older and newer releases', () => {
    expect(jobs.embedding.payload.fits({ faq_ids: [1] })).to.equal(true);
    expect(jobs.completion.payload.fits({ run_id: 1, waiting_since: 5 })).to.equal(true);
    expect(jobs.completion.payload.fits({ run_id: '1' })).to.equal(false);
    expect(jobs.faq_import.payload.fits({})).to.equal(false);
    expect(jobs.faq_import.payload.fits([])).to.equal(false);
    expect(jobs.embedding.payload.fits({ faq_ids: [1, 2.5] })).to.equal(false);
    expect(jobs.embedding.payload.fits({ faq_ids: [], batch: 'x'.repeat(65) })).to.equal(false);
    expect(jobs.completion.payload.fits({ run_id: 1, beside: 'yes' })).to.equal(false);
    expect(jobs.analytics.payload.fits({ part: 'all' })).to.equal(false);
    expect(jobs.analytics.payload.fits({ part: 'begun' })).to.equal(true);
  });

  it('enqueues a job once while it is queued, under the id of its payload, and keeps nothing of it', async () => {
    await enqueue('faq_import', { import_id: 7 });
    await enqueue('faq_import', { import_id: 7 });
    const queued = await queues.faq_import.getJobs(['waiting']);
    expect(queued.map(({ id, data }) => ({ id, data }))).to.deep.equal([
      { id: 'import-7', data: { import_id: 7 } },
    ]);
    expect(queued[0]?.opts).to.deep.include({ removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } });
  });
});
