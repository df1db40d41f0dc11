import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { oweTest } from '../../db/models/webhookDelivery.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { buildUser } from '../support/factories.ts';
import { fell, trapped } from '../support/traps.ts';
import { buildWebhook, serveReceiver, verified } from '../support/webhooks.ts';

/** Requests that an endpoint has got when the worker dies there, and in the end. */
const POINTS = [
  ['webhook.claimed', 0, 1],
  ['webhook.sent', 1, 2],
] as const;
const ALLOW = { WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_TIMEOUT_MS: '1000' };

describe('a worker of webhooks that is killed', function () {
  this.timeout(120_000);
  for (const [at, before, inTheEnd] of POINTS)
    it(`at ${at} leaves the delivery to another one, under the same webhook-id`, async () => {
      const receiver = await serveReceiver();
      const admin = await buildUser({ role: 'admin' });
      const { id, secret } = await buildWebhook({ created_by: admin.id, url: receiver.url });
      const owed = await oweTest(id, async () => {});
      const housekeeping = await startProcfile('housekeeping');
      const victim = await startProcfile('notification', { ...ALLOW, ...trapped('KILL_AT', at) });
      expect(await fell(victim)).to.equal(owed?.id);
      expect(await victim.exited).to.equal(null);
      expect(receiver.received).to.have.length(before);

      // The lease of the dead worker: its request's time and a margin. Nobody waits for it here.
      await knex('webhook_deliveries')
        .where({ id: owed?.id })
        .update({ not_before: new Date(0) });
      const another = await startProcfile('notification', ALLOW);
      const ended = () => knex('webhook_deliveries').where({ id: owed?.id, status: 'delivered' }).first();
      while ((await ended()) === undefined) await sleep(50);
      expect(await ended()).to.include({ attempts: 2 });
      const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
      expect(ids).to.deep.equal(Array(inTheEnd).fill(owed?.message_id));
      for (const request of receiver.received) verified(secret, request);
      await Promise.all([another.stop(), housekeeping.stop()]);
      await receiver.close();
      await knex('webhooks').delete();
    });

  it('while the endpoint reads leaves it as well', async () => {
    const receiver = await serveReceiver();
    const admin = await buildUser({ role: 'admin' });
    const { id } = await buildWebhook({ created_by: admin.id, url: receiver.url });
    const owed = await oweTest(id, async () => {});
    const [housekeeping, victim] = [
      await startProcfile('housekeeping'),
      await startProcfile('notification', ALLOW),
    ];
    receiver.answer = (res, nth) => {
      if (nth === 1) victim.kill('SIGKILL');
      else res.end();
    };
    expect(await victim.exited).to.equal(null);
    await knex('webhook_deliveries')
      .where({ id: owed?.id })
      .update({ not_before: new Date(0) });
    const another = await startProcfile('notification', ALLOW);
    while (
      (await knex('webhook_deliveries').where({ id: owed?.id, status: 'delivered' }).first()) === undefined
    )
      await sleep(50);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).to.deep.equal(
      Array(2).fill(owed?.message_id),
    );
    await Promise.all([another.stop(), housekeeping.stop()]);
    await receiver.close();
  });
});
