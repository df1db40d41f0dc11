import { once } from 'node:events';
import { expect } from 'chai';
import { queues, untilCanEnqueue } from '../../shared/delivery/queues.ts';
import { work } from '../../workers/work.ts';

describe('a worker', () => {
  it('fails a job at once whose payload is not of the catalog, and does not call the handler', async () => {
    await untilCanEnqueue();
    let calls = 0;
    const worker = work('faq_import', async () => {
      calls += 1;
    });
    const failed = once(worker, 'failed') as Promise<[unknown, Error]>;
    // As another release, or somebody with redis-cli, might have queued it.
    await queues.faq_import.add('faq_import', JSON.parse('{"import_id":"seven"}'));
    const [, err] = await failed;
    await worker.close();
    expect(err.message).to.equal('not a payload of faq_import');
    expect(calls).to.equal(0);
  });
});
