import type { WrittenFaq } from '../../db/models/faq.ts';
import { enqueueEmbedding } from '../delivery/enqueue.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

const begun = new Set<Promise<void>>();
onStop('embedding requests', () => Promise.all(begun));

/** Has an FAQ embedded after the answer is out. Where that fails it is owed, and the reconciler finds it. */
export function embedInBackground({ id, text_hash }: WrittenFaq): void {
  const enqueued = enqueueEmbedding([{ id, text_hash }])
    .catch((err: unknown) => log.warn({ err, faq_id: id }, 'left to the reconciler'))
    .finally(() => begun.delete(enqueued));
  begun.add(enqueued);
}
