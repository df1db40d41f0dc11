import type { Job } from 'bullmq';
import { failImport, importMore, type Progress } from '../db/models/faqImport.ts';
import { enqueue } from '../shared/delivery/enqueue.ts';
import { isUnreachable, ranTooLong } from '../shared/base/errors.ts';
import { embeddingOf, jobs, type Payloads } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { push } from '../shared/delivery/push.ts';
import { stopping } from '../shared/base/stop.ts';

/** Lines a step: a second at most, and a step of the progress that is shown. */
const LINES = 500;

/** Imports the lines of an upload that are left, step by step. */
export async function faqImport(job: Job<Payloads['faq_import']>): Promise<void> {
  const id = job.data.import_id;
  try {
    let progress: Progress | undefined;
    do {
      progress = await importMore(id, LINES);
      if (progress !== undefined) await tell(progress);
      // What is left is owed: another worker goes on with it.
    } while (progress !== undefined && progress.completed_at === null && !stopping());
  } catch (err) {
    // What fails the same way each time would be owed for ever.
    const again = isUnreachable(err) && !ranTooLong(err);
    if (!again && job.attemptsMade + 1 >= jobs.faq_import.attempts) await failImport(id);
    throw err;
  }
}

/** Neither may end the import: FAQs without vectors are owed, and where it stands is in its row. */
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
    if (result.status === 'rejected') log.warn({ err: result.reason, import_id: id }, 'import: not told');
  }
}
