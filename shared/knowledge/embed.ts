import type { WrittenFaq } from '../../db/models/faq.ts';
import { enqueue } from '../delivery/enqueue.ts';
import { embeddingOf } from '../delivery/jobs.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

const begun = new Set<Promise<void>>();
onStop('embedding requests', () => Promise.all(begun));

/** Has an FAQ embedded after the answer is out. Where that fails it is owed, and the reconciler finds it. */
export function embedInBackground({ id, text_hash }: WrittenFaq): void {
  const enqueued = enqueue('embedding', embeddingOf([{ id, text_hash }]))
    .catch((err: unknown) => log.warn({ err, faq_id: id }, 'left to the reconciler'))
    .finally(() => begun.delete(enqueued));
  begun.add(enqueued);
}
