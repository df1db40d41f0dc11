import { createHash } from 'node:crypto';
import { problem } from './errors.ts';
import { answerFlow, type Delivery, jobOptions } from './jobs.ts';
import { canEnqueue, flows, queues } from './queues.ts';

/**
 * Adds the flows of runs. Throws `service_unavailable` while Redis is away; callers that already committed
 * ignore that, because Postgres still owes the delivery.
 */
export async function deliver(deliveries: Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  if (!canEnqueue()) throw problem('service_unavailable', 'The queues cannot be reached.');
  await flows.addBulk(deliveries.map(answerFlow));
}

/**
 * Adds one embedding job. The id names the FAQs and their texts, so asking again while it is queued or running
 * adds nothing, and an edit is a job of its own. It goes when it ends: a retained job would swallow the next.
 * @param batch ids with the hashes of the texts to embed
 */
export async function enqueueEmbedding(batch: { id: number; text_hash: string }[]): Promise<void> {
  const name = createHash('sha256').update(JSON.stringify(batch)).digest('hex').slice(0, 24);
  const payload = { faq_ids: batch.map(({ id }) => id) };
  const options = {
    ...jobOptions('embedding'),
    jobId: `faqs-${name}`,
    removeOnComplete: true,
    removeOnFail: true,
  };
  await queues.embedding.add('embedding', payload, options);
}
