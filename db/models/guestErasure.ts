import { row, rows } from '../sql.ts';

/** Names guests that were not seen for `days`: a batch, those first who came first. */
export async function unseenGuests(days: number, batch: number): Promise<number[]> {
  const found = await rows<{ id: number }>(
    `SELECT id FROM users u WHERE role = 'guest' AND status <> 'deleted'
       AND created_at < now() - make_interval(days => :days)
       AND NOT EXISTS (SELECT FROM sessions
         WHERE user_id = u.id AND last_used_at > now() - make_interval(days => :days))
     ORDER BY created_at LIMIT :batch`,
    { days, batch },
  );
  return found.map(({ id }) => id);
}

/** Shuts a guest out for good, unless it was seen or has registered meanwhile. Returns the runs that ended, to be announced. */
export async function retireGuest(id: number, days: number): Promise<number[] | null> {
  const retired = await row<{ ended: number[] | null }>('SELECT retire_guest(:id, :days) AS ended', {
    id,
    days,
  });
  return retired?.ended ?? null;
}

/** Names guests that were shut out and of whom something is left. */
export async function guestsLeft(batch: number): Promise<number[]> {
  const found = await rows<{ id: number }>(
    `SELECT id FROM users WHERE role = 'guest' AND status = 'deleted' ORDER BY id LIMIT :batch`,
    { batch },
  );
  return found.map(({ id }) => id);
}

/** What was removed of a guest: how many messages, the runs whose logs are to go, and whether nothing is left. */
export type Erased = { messages: number; runs: number[]; gone: boolean };

/** Removes up to `batch` messages of a guest that was shut out, in the end the guest; undefined where it has to wait. */
export function eraseGuest(id: number, batch: number): Promise<Erased | undefined> {
  return row<Erased>('SELECT * FROM erase_guest(:id, :batch)', { id, batch });
}
