import { type EmbeddingSet, remeasureSet } from '../../db/models/embeddingSet.ts';
import { embed, type TextKind } from '../provider/embedding.ts';
import { log } from '../base/log.ts';
import { allProviders } from '../provider/config.ts';

/**
 * Embeds texts by a set's model. All embedding calls go through this function.
 * @param kind decides the prefix
 * @throws ProviderError
 */
export function embedFor(set: EmbeddingSet, texts: string[], kind: TextKind): Promise<number[][]> {
  const { provider, model, name, dimensions_asked: dimensions } = set;
  const { query_prefix: queryPrefix, document_prefix: documentPrefix } = set;
  const batch = texts.length;
  return embed(texts, { provider, model, name, dimensions, queryPrefix, documentPrefix, batch }, kind);
}

/** Returns whether this process knows a set's provider. Another or an older process may have other settings. */
export function mayAsk({ provider }: EmbeddingSet): boolean {
  return allProviders().some(({ name }) => name === provider);
}

const SAMPLE = 'How many numbers has a vector?';
let measuring: Promise<boolean> | undefined;

/**
 * Calls a model again after an answer with another dimension than its set. If the dimension differs again, the model
 * behind the name was replaced, and a new set begins. Never throws.
 * @returns whether a new set began
 */
export function remeasure(set: EmbeddingSet): Promise<boolean> {
  measuring ??= measure(set)
    .catch((err: unknown) => {
      log.warn(
        { err, model: set.name },
        'Dimension of the embedding model not measured; measured again at its next such answer',
      );
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
