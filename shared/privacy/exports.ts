import { knex } from '../../db/knex.ts';
import {
  addPiece,
  claimExport,
  completeExport,
  type ExportRow,
  releaseExport,
  requestExport,
} from '../../db/models/export.ts';
import { type By, noted } from '../accounts/noted.ts';
import { log } from '../base/log.ts';
import { enqueueSoon } from '../delivery/enqueue.ts';
import { killPoint } from '../ops/killpoint.ts';
import { archiveOf } from './archive.ts';

/** Bytes of a piece in Postgres. */
const PIECE = 256 * 1024;

/** Asks for an export of a user's data, or returns the one that is under way. */
export async function askForExport(userId: number, by: By): Promise<ExportRow> {
  const { fresh, ...asked } = await knex.transaction(async (trx) => {
    const found = await requestExport(userId, trx);
    if (found.fresh) await noted(by, 'user.export_requested', { subject_id: userId })(userId, trx);
    return found;
  });
  if (fresh) enqueueSoon('export', { export_id: asked.id });
  return asked;
}

/**
 * Writes an archive into Postgres, a piece at a time. A later attempt begins anew.
 * @throws what reading reports; it is owed then
 */
export async function writeExport(id: number): Promise<void> {
  const claimed = await claimExport(id);
  if (claimed === undefined) return;
  const { user_id, attempt } = claimed;
  try {
    let progress = 0;
    const archive = await archiveOf(user_id, (done, of) => {
      progress = done / Math.max(of, 1);
    });
    if (archive === undefined) return;
    let seq = 0;
    let held: Buffer[] = [];
    const keep = async () => {
      const piece = { seq, bytes: Buffer.concat(held), progress: Math.min(progress, 0.99) };
      if (!(await addPiece(id, attempt, piece))) throw new Lost();
      killPoint('export.kept', id);
      seq += 1;
      held = [];
    };
    for await (const bytes of archive as AsyncIterable<Buffer>) {
      held.push(bytes);
      if (held.reduce((sum, { length }) => sum + length, 0) >= PIECE) await keep();
    }
    if (held.length > 0) await keep();
    await completeExport(id, attempt);
  } catch (err) {
    if (err instanceof Lost) return log.info({ export_id: id }, 'Export lost; another attempt has it');
    await releaseExport(id, attempt);
    throw err;
  }
}

class Lost extends Error {}
