import { ids, row } from '../sql.ts';
import { mayBeTried } from './erasureFailure.ts';

/** Returns a batch of guests not seen for `days`, oldest first. */
export function unseenGuests(days: number, batch: number): Promise<number[]> {
  return ids(
    `SELECT id FROM users u WHERE role = 'guest' AND status <> 'deleted'
       AND created_at < now() - make_interval(days => :days)
       AND NOT EXISTS (SELECT FROM sessions
         WHERE user_id = u.id AND last_used_at > now() - make_interval(days => :days))
       AND ${mayBeTried('u.id')}
     ORDER BY created_at LIMIT :batch`,
    { days, batch },
  );
}

/** Retires a guest. Returns the ended runs, which the caller announces; null if the guest was seen or registered meanwhile. */
export async function retireGuest(id: number, days: number): Promise<number[] | null> {
  const retired = await row<{ ended: number[] | null }>('SELECT retire_guest(:id, :days) AS ended', {
    id,
    days,
  });
  return retired?.ended ?? null;
}

/** Returns retired guests who still have rows. Those whose erasure has a receipt are erased elsewhere, and left out. */
export function guestsLeft(batch: number): Promise<number[]> {
  return ids(
    `SELECT id FROM users u WHERE role = 'guest' AND status = 'deleted'
       AND NOT EXISTS (SELECT FROM erasures WHERE user_id = u.id AND status = 'erasing')
       AND ${mayBeTried('u.id')}
     ORDER BY id LIMIT :batch`,
    { batch },
  );
}

/** Result of an erasure: number of removed messages, runs whose logs to delete, whether the guest is gone. */
export type Erased = { messages: number; runs: number[]; gone: boolean };

/** Removes up to `batch` messages of a retired guest, and at last the guest. Returns undefined when it must wait. */
export function eraseGuest(id: number, batch: number): Promise<Erased | undefined> {
  return row<Erased>('SELECT * FROM erase_guest(:id, :batch)', { id, batch });
}
