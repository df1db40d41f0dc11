import { ProviderError } from '../../shared/provider/providerErrors.ts';

export type Refused<T> = { item: T; error: ProviderError };
export type Asked<T> = {
  refused: Refused<T>[];
  /** Items without a call: the model fails for everything, or asks to wait. */
  left: T[];
  error: ProviderError | null;
};

/** Refusals of single texts, without a success, after which the model counts as failed: one FAQ has four texts. */
const HOPELESS = 5;
/** Parts of a refused batch; of a batch that timed out, since each try takes as long. */
const PARTS = 2;
const PARTS_WHEN_SLOW = 16;

/**
 * Calls `ask` for one batch after the other. Splits a refused batch, down to single items, so that one text does not
 * prevent the vectors of others.
 * @param ask throws ProviderError
 */
export async function askInBatches<T>(batches: T[][], ask: (batch: T[]) => Promise<void>): Promise<Asked<T>> {
  const refused: Refused<T>[] = [];
  const line = [...batches];
  let succeeded = false;
  for (let batch = line.shift(); batch !== undefined; batch = line.shift()) {
    try {
      await ask(batch);
      succeeded = true;
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const [item] = batch;
      if (!mayBeTheBatch(error)) return { refused, left: [...batch, ...line.flat()], error };
      if (batch.length > 1)
        line.unshift(...cut(batch, error.trouble === 'timeout' ? PARTS_WHEN_SLOW : PARTS));
      else if (item !== undefined) refused.push({ item, error });
      if (!succeeded && refused.length >= HOPELESS) return { refused, left: line.flat(), error };
    }
  }
  return { refused, left: [], error: null };
}

/** Returns whether fewer texts may succeed. They do not when the key, the quota, the model or the rate is at fault. */
function mayBeTheBatch({ trouble, code }: ProviderError): boolean {
  if (trouble === 'rejected') return ABOUT_THE_BATCH.includes(code);
  return trouble === 'unavailable' || trouble === 'timeout';
}

const ABOUT_THE_BATCH = [
  'provider_rejected',
  'embedding_malformed',
  'context_length_exceeded',
  'content_filter',
  'not_supported',
];

function cut<T>(batch: T[], parts: number): T[][] {
  const size = Math.ceil(batch.length / Math.min(parts, batch.length));
  return Array.from({ length: Math.ceil(batch.length / size) }, (_, i) =>
    batch.slice(i * size, (i + 1) * size),
  );
}
