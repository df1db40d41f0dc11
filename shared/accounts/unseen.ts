import { eraseGuest, guestsLeft, retireGuest, unseenGuests } from '../../db/models/guestErasure.ts';
import { env } from '../base/env.ts';
import { dropLogs } from '../delivery/runlog.ts';
import { settle } from '../delivery/runs.ts';
import { killPoint } from '../ops/killpoint.ts';
import { erasureFailed } from './erasureFailed.ts';

/** Numbers of retired guests, erased guests and removed messages. */
export type Unseen = { guests_retired: number; guests_erased: number; guest_messages: number };

/**
 * Erases guests not seen for RETENTION_GUESTS_DAYS: rows, vectors, run logs. Several processes may do this at once. After
 * a crash, the next call continues.
 * @param batch limit of retired guests, and about the limit of removed messages
 */
export async function eraseUnseenGuests(batch: number): Promise<Unseen> {
  const guests_retired = await retire(batch);
  return { guests_retired, ...(await erase(batch)) };
}

async function retire(batch: number): Promise<number> {
  let retired = 0;
  for (const id of await unseenGuests(env.RETENTION_GUESTS_DAYS, batch)) {
    try {
      const ended = await retireGuest(id, env.RETENTION_GUESTS_DAYS);
      if (ended === null) continue;
      killPoint('guest.retired', ended[0] ?? 0);
      await settle({ ended, next: null });
      retired += 1;
    } catch (err) {
      await erasureFailed('guest', id, err);
    }
  }
  return retired;
}

async function erase(batch: number): Promise<Omit<Unseen, 'guests_retired'>> {
  let [guests_erased, guest_messages] = [0, 0];
  for (const id of await guestsLeft(batch)) {
    if (guest_messages >= batch) break;
    try {
      const erased = await eraseGuest(id, batch);
      if (erased === undefined) continue;
      killPoint('guest.erased', erased.runs[0] ?? 0);
      await dropLogs(erased.runs);
      guest_messages += erased.messages;
      if (erased.gone) guests_erased += 1;
    } catch (err) {
      await erasureFailed('guest', id, err);
    }
  }
  return { guests_erased, guest_messages };
}
