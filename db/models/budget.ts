import { row } from '../sql.ts';
import { type Tables, FOR_GOOD, time, use } from '../personalData.ts';

/** Limits of a day in tokens, or in millionths of a currency; null: none. */
export type Limits = { day: number | null; user: number | null };
export type Share = {
  prompt_tokens: number;
  completion_tokens: number;
  /** The price of one token, in the unit of the limits. */
  price_in: number;
  price_out: number;
};

/**
 * Says whether a budget of the present day (UTC) is used up for a user's message. Returns in how many seconds the day ends. A
 * message that a person answers uses none. What open runs hold does not count as used: their share may come back.
 * @param conversationId null where no person can answer
 */
export async function usedUp(
  userId: number,
  conversationId: number | null,
  { day, user }: Limits,
): Promise<{ ends_in_s: number } | undefined> {
  return row(
    `SELECT ceil(extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day' - now() AT TIME ZONE 'UTC'))::float8
       AS ends_in_s
     WHERE (EXISTS (SELECT FROM budget_days b WHERE b.day = (now() AT TIME ZONE 'UTC')::date
           AND CASE WHEN amount >= CAST(:day AS bigint) THEN amount - budget_held(b.day, NULL, NULL) >= CAST(:day AS bigint) END)
         OR EXISTS (SELECT FROM budget_user_days b WHERE b.day = (now() AT TIME ZONE 'UTC')::date AND user_id = :userId
           AND CASE WHEN amount >= CAST(:user AS bigint) THEN amount - budget_held(b.day, user_id, NULL) >= CAST(:user AS bigint) END))
       AND NOT EXISTS (SELECT FROM conversations WHERE id = CAST(:conversationId AS bigint) AND user_id = :userId
         AND status IN ('waiting', 'agent') AND deleted_at IS NULL)`,
    { userId, conversationId, day, user },
  );
}

/** Reserves the share of a held run; see budget_reserve. Undefined: the fence is lost. */
export function reserveShare(
  { run_id, attempt }: { run_id: number; attempt: number },
  share: Share,
  { day, user }: Limits,
  waits: boolean,
): Promise<{ granted: number; told: boolean; waits: boolean } | undefined> {
  return row(
    `SELECT * FROM budget_reserve(:run_id, :attempt, CAST(:prompt_tokens AS integer), CAST(:completion_tokens AS integer),
       CAST(:price_in AS float8), CAST(:price_out AS float8), CAST(:day AS bigint), CAST(:user AS bigint), :waits)`,
    { run_id, attempt, ...share, day, user, waits },
  );
}

/** Returns what all answers of the present day (UTC) have used of the budget. */
export async function usedToday(): Promise<number> {
  const found = await row<{ amount: number }>(
    `SELECT amount FROM budget_days WHERE day = (now() AT TIME ZONE 'UTC')::date`,
  );
  return found?.amount ?? 0;
}

export const tables: Tables = {
  budget_user_days: {
    purpose: 'budgets of users',
    kept: '40 days',
    bound: use('40 days'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', behaviour: 'day amount', technical: 'told' },
  },
  budget_days: {
    purpose: 'the budget of all',
    kept: FOR_GOOD,
    bound: time('one a day'),
    erased: 'none',
    columns: { technical: 'day amount told' },
  },
};
