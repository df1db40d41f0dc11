import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Delivery } from '../../db/models/run.ts';
import { problem } from '../base/errors.ts';
import { answerFlow, jobOptions } from './jobs.ts';
import { killPoint } from '../ops/killpoint.ts';
import { canEnqueue, flows, loadScripts, queues } from './queues.ts';

/**
 * Adds the flows of runs. Flows of one turn of the event loop go to Redis together.
 * @throws Problem `service_unavailable` while Redis is away. A caller that has committed ignores that: the delivery is owed
 */
export async function deliver(deliveries: Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  if (!canEnqueue()) throw problem('service_unavailable', 'Jobs cannot be added at the moment');
  batch.push(...deliveries);
  adding ??= addBatch();
  await adding;
  killPoint('run.delivered', deliveries[0]?.run_id ?? 0);
}

let batch: Delivery[] = [];
let adding: Promise<void> | undefined;

async function addBatch(): Promise<void> {
  await nextTurn();
  const flowsToAdd = batch.map(answerFlow);
  batch = [];
  adding = undefined;
  try {
    await flows.addBulk(flowsToAdd);
  } catch (err) {
    // Redis has lost its scripts (SCRIPT FLUSH).
    if (String(err).includes('NOSCRIPT')) void loadScripts().catch(() => {});
    throw err;
  }
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

/** Adds an import's job, unless it is there. It goes when it ends, so that the reconciler can add it again. */
export async function enqueueImport(importId: number): Promise<void> {
  const options = { ...jobOptions('faq_import'), removeOnComplete: true, removeOnFail: true };
  await queues.faq_import.add(
    'faq_import',
    { import_id: importId },
    { ...options, jobId: `import-${importId}` },
  );
}

/** Adds the one job that groups unanswered questions, unless it is there. */
export async function enqueueSuggestions(): Promise<void> {
  const options = { ...jobOptions('faq_suggestions'), removeOnComplete: true, removeOnFail: true };
  await queues.faq_suggestions.add('faq_suggestions', {}, { ...options, jobId: 'faq-suggestions' });
}
