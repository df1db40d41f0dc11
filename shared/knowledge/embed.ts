import type { WrittenFaq } from '../../db/models/faq.ts';
import type { OwedFaq } from '../../db/models/faqEmbedding.ts';
import { enqueueEmbedding } from '../delivery/enqueue.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';
import { embeddingModel } from '../provider/config.ts';

const begun = new Set<Promise<void>>();
onStop('embedding requests', () => Promise.all(begun));

/** Has an FAQ embedded after the answer is out. Where that fails it is owed, and the reconciler finds it. */
export function embedInBackground({ id, text_hash }: WrittenFaq): void {
  const enqueued = embed([{ id, text_hash }])
    .catch((err: unknown) => log.warn({ err, faq_id: id }, 'left to the reconciler'))
    .finally(() => begun.delete(enqueued));
  begun.add(enqueued);
}

/** Enqueues the embedding of FAQs. Without an embedding model there is nothing to enqueue. */
export async function embed(faqs: OwedFaq[]): Promise<void> {
  if (embeddingModel() !== null) await enqueueEmbedding(faqs);
}
