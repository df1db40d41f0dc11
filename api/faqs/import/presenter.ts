import type { FaqImportRow } from '../../../db/models/faqImport.ts';

type Faults = { line: number; errors: { path: string; message: string }[] };

/** How far an import is, and what is wrong with the lines that it could not take. */
export function presentImport(faqImport: FaqImportRow, errors: Faults[]) {
  return {
    import_id: faqImport.id,
    status: faqImport.status,
    all_or_nothing: faqImport.all_or_nothing,
    total: faqImport.total,
    processed: faqImport.processed,
    imported: faqImport.imported,
    failed: faqImport.failed,
    errors,
    created_at: faqImport.created_at.toISOString(),
    completed_at: faqImport.completed_at?.toISOString() ?? null,
  };
}
