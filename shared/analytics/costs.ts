import { type Used, usedBy, usedByUsers } from '../../db/models/analytics/costs.ts';
import { ALL, rangesOf } from '../../db/models/analytics/ranges.ts';
import { costOf, priceChanges, prices } from './prices.ts';
import { bucketsIn, type Window } from './window.ts';

/** How many users one answer names at most. */
const USERS = 50;
/** The users of a window are named only where there are at least this many. */
const PEOPLE_APART = 5;

export type Sum = { answers: number; tokens: number; amount: number | null };
export type Costs = Window & {
  currency: string | null;
  total: Sum & { unpriced_tokens: number | null };
  days: (Sum & { start: Date })[];
  models: (Sum & { model: string })[];
  assistants: (Sum & { assistant_id: number | null })[];
  /** `user_id` null: all users together, because they are few. */
  users: (Sum & { user_id: number | null })[];
};

/** Returns what answers used and cost: by day, model, assistant and user. Amounts are null without prices. */
export async function costs(window: Window, of = ALL): Promise<Costs> {
  const starts = await bucketsIn(window, 'day');
  const ranges = await rangesOf(
    'moments',
    window,
    starts.every((at) => at.getTime() % 86_400_000 === 0),
    of,
  );
  const [used, byUsers] = await Promise.all([
    usedBy(ranges, starts, priceChanges(), of),
    usedByUsers(window, priceChanges(), USERS, of),
  ]);
  const byDay = Map.groupBy(used, ({ bucket }) => bucket);
  const few = (byUsers[0]?.users ?? 0) < PEOPLE_APART;
  const users = Map.groupBy(byUsers, ({ user_id }) => (few ? null : user_id));
  return {
    ...window,
    currency: prices?.[0]?.currency ?? null,
    total: { ...sumOf(used), unpriced_tokens: costOf(used)?.unpriced_tokens ?? null },
    days: starts.map((start, i) => ({
      start: start < window.from ? window.from : start,
      ...sumOf(byDay.get(i) ?? []),
    })),
    models: most(
      [...Map.groupBy(used, ({ model }) => model)].map(([model, own]) => ({ model, ...sumOf(own) })),
    ),
    assistants: most(
      [...Map.groupBy(used, ({ assistant_id }) => assistant_id)].map(([id, own]) => ({
        assistant_id: id === 0 ? null : id,
        ...sumOf(own),
      })),
    ),
    users: most([...users].map(([user_id, own]) => ({ user_id, ...sumOf(own) }))),
  };
}

function sumOf(used: Used[]): Sum {
  const add = (name: 'answers' | 'total_tokens') => used.reduce((sum, one) => sum + one[name], 0);
  return { answers: add('answers'), tokens: add('total_tokens'), amount: costOf(used)?.amount ?? null };
}

function most<One extends Sum>(list: One[]): One[] {
  return list.toSorted((a, b) => b.tokens - a.tokens);
}
