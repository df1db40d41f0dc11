import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { prepared, rows } from '../../db/sql.ts';

describe('statements', () => {
  it('are named by a hash of their text, so that a name means one text on shared connections', () => {
    expect(prepared('SELECT 1').name).to.equal('parley_e004ebd5b5532a4b85984a62f8ad48a8');
    expect(prepared('SELECT :a').name).to.not.equal(prepared('SELECT :a, 1').name);
  });

  it('are planned anew on the same connection when a migration has invalidated their plan', async () => {
    const backend = 'SELECT *, pg_backend_pid() AS backend FROM planned';
    await knex.raw('CREATE TABLE planned AS SELECT 1 AS one');
    try {
      const [before] = await rows<{ one: number; backend: number }>(backend);
      await knex.raw('ALTER TABLE planned ADD COLUMN two integer DEFAULT 2');
      const after = { one: 1, two: 2, backend: before?.backend };
      expect(await rows(backend)).to.deep.equal([after]);
      expect(await rows(backend)).to.deep.equal([after]);
      const plans = await rows<{ statement: string }>(
        "SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'SELECT *, pg_backend_pid%'",
      );
      expect(plans.map(({ statement }) => statement)).to.have.members([backend, `${backend} --`]);
    } finally {
      await knex.raw('DROP TABLE planned');
    }
  });
});
