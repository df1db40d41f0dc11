import type { Job } from 'bullmq';
import { failImport, importMore, type Progress } from '../db/models/faqImport.ts';
import { enqueue } from '../shared/delivery/enqueue.ts';
import { isUnreachable, ranTooLong } from '../shared/base/errors.ts';
import { embeddingOf, jobs, type Payloads } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { push } from '../shared/delivery/push.ts';
import { stopping } from '../shared/base/stop.ts';

/** Lines per step. A step takes a second at most, and updates the shown progress. */
const LINES = 500;

/** Imports the remaining lines of an upload, step by step. */
export async function faqImport(job: Job<Payloads['faq_import']>): Promise<void> {
  const id = job.data.import_id;
  try {
    let progress: Progress | undefined;
    do {
      progress = await importMore(id, LINES);
      if (progress !== undefined) await tell(progress);
      // The remaining lines are owed, so another worker continues.
    } while (progress !== undefined && progress.completed_at === null && !stopping());
  } catch (err) {
    // An import that fails in the same way each time would be owed forever.
    const again = isUnreachable(err) && !ranTooLong(err);
    if (!again && job.attemptsMade + 1 >= jobs.faq_import.attempts) await failImport(id);
    throw err;
  }
}

/** Enqueues embeddings and publishes the progress. A failure does not end the import: Postgres keeps both. */
async function tell({
  id,
  user_id,
  status,
  total,
  processed,
  imported,
  failed,
  added,
}: Progress): Promise<void> {
  const event = { import_id: id, status, total, processed, imported, failed };
  const told = [
    push(user_id, 'faq.import', event),
    added.length > 0 && enqueue('embedding', embeddingOf(added)),
  ];
  for (const result of await Promise.allSettled(told)) {
    if (result.status === 'rejected')
      log.warn({ err: result.reason, import_id: id }, 'Import progress not published; its row has it');
  }
}
