import type { Job } from 'bullmq';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { writeExport } from '../shared/privacy/exports.ts';

/** Writes the archive of an export. */
async function exportData(job: Job<Payloads['export']>): Promise<void> {
  await writeExport(job.data.export_id);
}

export { exportData as export };
