import type { WrittenFaq } from '../../db/models/faq.ts';
import { enqueueEmbedding } from '../delivery/enqueue.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

const begun = new Set<Promise<void>>();
onStop('embedding requests', () => Promise.all(begun));

/** Adds the embedding job of an FAQ after the answer to the client. If that fails, the embedding is owed to the reconciler. */
export function embedInBackground({ id, text_hash }: WrittenFaq): void {
  const enqueued = enqueueEmbedding([{ id, text_hash }])
    .catch((err: unknown) => log.warn({ err, faq_id: id }, 'left to the reconciler'))
    .finally(() => begun.delete(enqueued));
  begun.add(enqueued);
}
