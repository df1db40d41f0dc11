import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { call } from '../support/api.ts';
import { connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { type Stack, startStack, WORKERS } from '../support/stack.ts';

/** A later release's migration: it expands the schema and records itself. */
const EXPAND = `
  ALTER TABLE runs ADD COLUMN of_the_future text NOT NULL DEFAULT 'soon';
  ALTER TABLE messages ADD COLUMN of_the_future text;
  ALTER TABLE users ADD COLUMN of_the_future text;
  CREATE TABLE of_the_future (id bigint PRIMARY KEY);
  INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('999_of_the_future.ts', 999, now())`;
const UNDO = `
  ALTER TABLE runs DROP COLUMN IF EXISTS of_the_future;
  ALTER TABLE messages DROP COLUMN IF EXISTS of_the_future;
  ALTER TABLE users DROP COLUMN IF EXISTS of_the_future;
  DROP TABLE IF EXISTS of_the_future;
  DELETE FROM knex_migrations WHERE batch = 999`;

describe('this release, when a newer release migrates the schema,', () => {
  let stack: Stack;
  before(async function () {
    this.timeout(60_000);
    stack = await startStack({}, ['web', ...WORKERS]);
  });
  after(async function () {
    this.timeout(60_000);
    await knex.raw(UNDO);
    await stack.stop();
  });

  it('stays ready and answers, by processes from before the migration and from after it', async function () {
    this.timeout(60_000);
    const client = await connectClient(await buildUser(), stack.web[0] ?? '');
    try {
      const before = await client.send('before [[tokens:3]]');
      expect(await client.end(before.run_id)).to.include({ event: 'response' });
      await knex.raw(EXPAND);
      expect((await call(`${stack.web[0]}/readyz`)).status).to.equal(200);
      // The process counts as started when /readyz answers 200.
      const late = await stack.add('web');
      for (const web of [stack.web[0] ?? '', late.url]) {
        const { body } = await client.post('after [[tokens:3]]', { web });
        expect(await client.end(Number(body.run_id))).to.include({ event: 'response' });
      }
    } finally {
      client.close();
    }
  });
});
