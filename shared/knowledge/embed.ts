import type { WrittenFaq } from '../../db/models/faq.ts';
import { enqueue } from '../delivery/enqueue.ts';
import { embeddingOf } from '../delivery/jobs.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

const begun = new Set<Promise<void>>();
onStop('embedding requests', () => Promise.all(begun));

/** Adds the embedding job of an FAQ after the answer to the client. If that fails, the embedding is owed to the reconciler. */
export function embedInBackground({ id, text_hash }: WrittenFaq): void {
  const enqueued = enqueue('embedding', embeddingOf([{ id, text_hash }]))
    .catch((err: unknown) =>
      log.warn({ err, faq_id: id }, 'FAQ embedding not enqueued; the reconciler will retry'),
    )
    .finally(() => begun.delete(enqueued));
  begun.add(enqueued);
}
