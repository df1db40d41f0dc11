import { ProviderError } from '../../shared/provider/providerErrors.ts';

/** What a call refused, and why. */
export type Refused<T> = { item: T; error: ProviderError };
export type Asked<T> = {
  refused: Refused<T>[];
  /** What was not asked for: the model fails for everything, or wants to be left alone. */
  left: T[];
  error: ProviderError | null;
};

/** So many refusals of single texts, and no success, are the model's fault. */
const HOPELESS = 3;
/** Into how many parts a batch is cut that was refused; one that took too long into more, since each try takes its time. */
const PARTS = 2;
const PARTS_WHEN_SLOW = 16;

/**
 * Asks for batches one after the other. A batch that is refused is asked for in halves, and at last text by text, so that one text
 * keeps no other from its vector.
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

/** Whether fewer or other texts may be taken where these were not. Not where it is the key, the quota, the model or the rate. */
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
