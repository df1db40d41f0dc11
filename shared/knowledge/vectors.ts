import { type EmbeddingSet, remeasureSet } from '../../db/models/embeddingSet.ts';
import { embed, type TextKind } from '../provider/embedding.ts';
import { log } from '../base/log.ts';
import { allProviders } from '../provider/config.ts';

/**
 * Embeds texts by the model of a set. The one place that calls the wire for it.
 * @param kind what the texts are: a model may want the two marked
 * @throws ProviderError
 */
export function embedFor(set: EmbeddingSet, texts: string[], kind: TextKind): Promise<number[][]> {
  const { provider, model, name, dimensions_asked: dimensions } = set;
  const { query_prefix: queryPrefix, document_prefix: documentPrefix } = set;
  const batch = texts.length;
  return embed(texts, { provider, model, name, dimensions, queryPrefix, documentPrefix, batch }, kind);
}

/** Whether this process knows the provider of a set: another process may have other settings, or had them before. */
export function mayAsk({ provider }: EmbeddingSet): boolean {
  return allProviders().some(({ name }) => name === provider);
}

const SAMPLE = 'How many numbers has a vector?';
let measuring: Promise<boolean> | undefined;

/**
 * Asks a model once more whose answer has another dimension than its set. Where that is so, what is behind its name was
 * replaced, and another set is begun. Never throws.
 * @returns whether another set was begun
 */
export function remeasure(set: EmbeddingSet): Promise<boolean> {
  measuring ??= measure(set)
    .catch((err: unknown) => {
      log.warn({ err, model: set.name }, 'Dimension of the embedding model not measured');
      return false;
    })
    .finally(() => {
      measuring = undefined;
    });
  return measuring;
}

async function measure(set: EmbeddingSet): Promise<boolean> {
  if (set.dimensions_asked !== null) return false;
  const dimensions = (await embedFor(set, [SAMPLE], 'query'))[0]?.length ?? 0;
  if (dimensions === 0 || dimensions === set.dimensions) return false;
  if (!(await remeasureSet(set.key, dimensions))) return false;
  log.warn(
    { model: set.name, before: set.dimensions, dimensions },
    'Embedding model has another dimension; all FAQs are embedded anew',
  );
  return true;
}
