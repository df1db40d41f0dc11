import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Keeps a vector in its row as long as it fits a page, up to 2,000 dimensions. A search among few FAQs reads all vectors of a
 * set, and reading each from the TOAST table took a third of its time. Rewrites the vectors of a small knowledge base; a large
 * one is searched by index, and its vectors move with their next change.
 */
export const config = { transaction: false };

/** Vectors that one short statement rewrites: four for each of the FAQs that are searched without an index. */
const FEW = 1_200;

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE faq_vectors ALTER COLUMN vector SET STORAGE MAIN');
  await patiently(knex, [
    // The cast makes a new value. A value that is copied stays where it is.
    `UPDATE faq_vectors SET vector = vector::text::vector
     WHERE (SELECT count(*) FROM (SELECT FROM faq_vectors LIMIT ${FEW + 1}) AS counted) <= ${FEW}`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE faq_vectors ALTER COLUMN vector SET STORAGE EXTERNAL');
}
