import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import { connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { type Stack, startApart } from '../support/stack.ts';

describe("a worker's clock that differs from Postgres'", () => {
  let stack: Stack;
  before(async function () {
    this.timeout(150_000);
    stack = await startApart({}, ['web', 'moderation', 'context', 'housekeeping']);
  });
  after(async function () {
    this.timeout(150_000);
    await stack.stop();
  });

  for (const [skew, what] of [
    [30_000, 'ahead'],
    [-60_000, 'behind'],
  ] as const)
    it(`a run that must wait comes back once and in time while the worker's clock is ${what}`, async function () {
      this.timeout(150_000);
      const client = await connectClient(await buildUser(), stack.web[0] ?? '');
      const options = `${process.env.NODE_OPTIONS ?? ''} --import ./test/support/skew.ts`;
      const worker = await stack.add('completion', { SKEW_MS: String(skew), NODE_OPTIONS: options });
      const { run_id } = await client.send(
        `wait ${what} [[status:429;retry-after:2]] [[times:1]] [[tokens:3]]`,
      );
      await client.end(run_id);
      const found = await row<{ seconds: number }>(
        'SELECT extract(epoch FROM completed_at - created_at)::float8 AS seconds FROM runs WHERE id = :run_id',
        { run_id },
      );
      expect(found?.seconds, 'seconds').to.be.within(2, 40);
      // One put-back for the provider, and one more while another worker holds the breaker's probe.
      expect(worker.logs.filter(({ msg }) => msg === 'Job put back; it runs again then').length).to.be.within(
        1,
        5,
      );
      await expectInvariants([client], 5);
      client.close();
      await worker.stop();
    });
});
