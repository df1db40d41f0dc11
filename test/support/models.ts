import { knex } from '../../db/knex.ts';
import { configure } from '../../shared/provider/config.ts';

const NAMES = [
  'EMBEDDING_MODEL',
  'EMBEDDING_DIMENSIONS',
  'EMBEDDING_BATCH',
  'EMBEDDING_TEXT_TOKENS',
  'EMBEDDING_QUERY_PREFIX',
  'EMBEDDING_DOCUMENT_PREFIX',
];

/**
 * Sets what embeds in this process, as a restart with other settings does; what is not named goes back to its default. No process
 * with the old settings is alive any more.
 */
export async function configureEmbedding(settings: Record<string, string> = {}): Promise<void> {
  for (const name of NAMES) {
    delete process.env[name];
    if (settings[name] !== undefined) process.env[name] = settings[name];
  }
  configure();
  await knex('embedding_models').update({ seen_at: '-infinity' });
}
