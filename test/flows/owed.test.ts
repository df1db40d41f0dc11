import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { countOwed } from '../../db/models/owedTellings.ts';
import { rows } from '../../db/sql.ts';
import { jobs } from '../../shared/delivery/jobs.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import type { Api } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { until } from '../support/until.ts';
import { send, serveWeb } from '../support/web.ts';

const OWED = 10_000;

describe('ten thousand notifications owed at once', function () {
  this.timeout(120_000);
  let api: Api;
  let user: BuiltUser;
  before(async () => {
    api = await serveWeb();
    user = await buildUser();
    await rows(
      `INSERT INTO notifications (kind, user_id, due_at, created_at)
       SELECT 'knowledge_answered', :id, now() - interval '1 minute', now() FROM generate_series(1, ${OWED})`,
      user,
    );
  });
  after(() => api.close());

  it('hold no answer up: a run goes first in a pass, and a pass enqueues ten jobs of fifty', async () => {
    const { run_id } = await send(api, user);
    const job = () => queues.completion.getJob(`run-${run_id}-1`);
    await until('the run is delivered', async () => (await job()) !== undefined);
    await redis.flushdb();
    const order: string[] = [];
    const enqueued = await watched(order, () => reconcile(0));
    expect(enqueued.delivered).to.equal(1);
    expect(await queues.completion.getJob(`run-${run_id}-2`)).to.not.equal(undefined);
    expect(order[0]).to.equal('flow');
    const waiting = await queues.notification.getJobCountByTypes('waiting', 'prioritized');
    expect(waiting).to.equal(10);
    // A further pass adds none that is queued already.
    await reconcile(0);
    expect(await queues.notification.getJobCountByTypes('waiting', 'prioritized')).to.equal(10);
  });

  it('take the slots of their own process type, and none of the answers’', () => {
    const { notification, push, mail, completion } = jobs;
    for (const { process } of [notification, push, mail])
      expect(process).to.equal('notification').and.not.equal(completion.process);
    expect([notification.slots, push.slots, mail.slots]).to.deep.equal([4, 100, 4]);
  });

  it('are counted with what is late, and the metrics say so', async () => {
    const [owed] = await countOwed();
    expect(owed).to.include({ what: 'notification', owed: OWED });
    expect(owed?.late_s).to.be.within(60, 600);
    await knex('mails').insert({
      user_id: user.id,
      address: 'a@example.com',
      language: 'en',
      message_key: 'k',
      due_at: knex.fn.now(),
    });
    const text = await (await fetch(`${api.url}/metrics`)).text();
    expect(text).to.match(/^tellings_owed\{what="notification"\} 10000$/m);
    expect(text).to.match(/^tellings_owed\{what="push"\} 0$/m);
    expect(text).to.match(/^tellings_owed\{what="mail"\} 1$/m);
    expect(text).to.match(/^tellings_owed\{what="webhook"\} 0$/m);
    expect(text).to.match(/^tellings_late_seconds\{what="notification"\} [1-9]/m);
  });

  /** Notes in which order flows and notifications are added. */
  async function watched<T>(order: string[], work: () => Promise<T>): Promise<T> {
    const { notification } = queues;
    const { flows } = await import('../../shared/delivery/queues.ts');
    const [add, addBulk] = [notification.add.bind(notification), flows.addBulk.bind(flows)];
    Object.assign(notification, {
      add: (...args: Parameters<typeof add>) => {
        order.push('notification');
        return add(...args);
      },
    });
    Object.assign(flows, {
      addBulk: (...args: Parameters<typeof addBulk>) => {
        order.push('flow');
        return addBulk(...args);
      },
    });
    try {
      return await work();
    } finally {
      Object.assign(notification, { add });
      Object.assign(flows, { addBulk });
    }
  }
});
