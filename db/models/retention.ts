import { row } from '../sql.ts';

/** Deletes a batch of messages older than `days`, and conversations that are empty then. Returns how many of each. */
export async function deleteOldMessages(
  days: number,
  batch: number,
): Promise<{ messages: number; conversations: number }> {
  const deleted = await row<{ messages: number; conversations: number }>(
    'SELECT messages, conversations FROM delete_old_messages(:days, :batch)',
    { days, batch },
  );
  return deleted ?? { messages: 0, conversations: 0 };
}

/** Cuts a batch of addresses older than `days` to their networks. Returns how many. */
export async function cutOldAddresses(days: number, batch: number): Promise<number> {
  const pass = await row<{ count: number }>('SELECT cut_old_addresses(:days, :batch) AS count', {
    days,
    batch,
  });
  return pass?.count ?? 0;
}
