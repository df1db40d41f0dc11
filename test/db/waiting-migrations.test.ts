import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import * as folded from '../../db/migrations/136_faq_folded.ts';
import * as vectorsInRows from '../../db/migrations/143_vectors_in_rows.ts';
import { itNative } from '../support/native.ts';

/** A change of a table waits for whoever reads it, and all later readers wait for the change. */
describe('a migration that changes a table', function () {
  this.timeout(30_000);
  const migrations = [
    { name: '136', table: 'faq_terms', run: folded.up },
    { name: '136 down', table: 'faq_terms', run: folded.down },
    { name: '143', table: 'faq_vectors', run: vectorsInRows.up },
  ];
  for (const { name, table, run } of migrations)
    itNative(
      `gives up where somebody reads ${table} for long, so that searches do not queue behind it: ${name}`,
      async () => {
        const reader = await knex.transaction();
        await reader(table).first();
        let ended = '';
        const running = run(knex).then(
          () => (ended = 'done'),
          (err: { code: string }) => (ended = err.code),
        );
        try {
          // Keeps the transaction from being idle for too long, until the lock's time is over.
          for (let i = 0; i < 80 && ended === ''; i += 1) await reader.raw('SELECT pg_sleep(0.1)');
          expect(ended).to.equal('55P03');
        } finally {
          await reader.rollback();
          await running;
          await folded.up(knex);
        }
      },
    );
});
