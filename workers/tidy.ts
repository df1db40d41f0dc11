import { eraseUnseenGuests } from '../shared/accounts/unseen.ts';
import { releaseLeft } from '../db/models/people.ts';
import { deleteOver } from '../db/models/over.ts';
import { deleteOverNotices } from '../db/models/overNotices.ts';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import { retain } from '../shared/privacy/retention.ts';

/** Rows per statement; a small number keeps locks short. */
const BATCH = 500;
/** Limit of conversations that wait again in one pass, because each notifies every agent. */
const LEFT = 20;
const EVERY_MS = 60_000;
let next = 0;

/**
 * Deletes a batch of expired rows, once a minute, and in every pass while more are left. Conversations whose agent left wait
 * again.
 */
export async function tidy(): Promise<void> {
  if (Date.now() < next) return;
  const released = await releaseLeft(LEFT);
  if (released > 0) log.info({ released }, 'Conversations wait again: their agents left');
  const deleted = {
    ...(await deleteOver(BATCH, env.RETENTION_SESSIONS_DAYS)),
    ...(await deleteOverNotices(BATCH)),
    ...(await eraseUnseenGuests(BATCH)),
    ...(await retain(BATCH)),
  };
  const counts = Object.values(deleted);
  if (counts.some((count) => count > 0)) log.info(deleted, 'Expired rows deleted');
  next = released === LEFT || counts.some((count) => count >= BATCH) ? 0 : Date.now() + EVERY_MS;
}
