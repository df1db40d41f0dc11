import { reserveShare, type Limits, usedToday, usedUp } from '../../db/models/budget.ts';
import { die, text } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { priceOf, prices } from '../analytics/prices.ts';

const [DAY, USER_DAY] = [budget('BUDGET_DAY'), budget('BUDGET_USER_DAY')];
if (DAY !== null && USER_DAY !== null && DAY.unit !== USER_DAY.unit)
  die('BUDGET_USER_DAY must be in the unit of BUDGET_DAY');
/** tokens, or the currency of MODEL_PRICES. */
const unit = DAY?.unit ?? USER_DAY?.unit ?? 'tokens';
const limits: Limits = { day: DAY?.limit ?? null, user: USER_DAY?.limit ?? null };
/** Whether answers have a budget. Without one nothing is asked or stored. */
export const budgeted = DAY !== null || USER_DAY !== null;

/** Reads `200000` (tokens) or `12.50 USD`. Ends the process at anything else. */
function budget(name: string): { limit: number; unit: string } | null {
  const raw = text(name, '');
  if (raw === '') return null;
  const [, amount, currency] = /^(\d{1,12}(?:\.\d{1,6})?)(?: ([A-Z]{3}))?$/.exec(raw) ?? [];
  if (amount === undefined || (currency === undefined && amount.includes('.')))
    return die(
      `${name} must be a number of tokens, such as 200000, or an amount of money, such as 12.50 USD`,
    );
  if (currency === undefined) return { limit: Number(amount), unit: 'tokens' };
  if (prices?.[0]?.currency !== currency) return die(`${name} must be in the currency of MODEL_PRICES`);
  return { limit: Math.round(Number(amount) * 1_000_000), unit: currency };
}

/**
 * Refuses a user's new message when the budget of the user, or of all users, is used up. Messages to a person pass.
 * @param conversationId null where no person can answer
 * @throws Problem `quota_exceeded`
 */
export async function withinBudget(userId: number, conversationId: number | null): Promise<void> {
  if (!budgeted) return;
  const over = await usedUp(userId, conversationId, limits);
  if (over === undefined) return;
  const ends = new Date(Date.now() + over.ends_in_s * 1_000).toISOString().slice(0, 16);
  throw problem('quota_exceeded', `The budget of the day is used up; a new one begins at ${ends}Z`, {
    retryAfterS: over.ends_in_s,
  });
}

/**
 * Reserves what an answer may use of the day's budget. The first answer beyond four fifths of it writes a log line and notifies
 * administrators.
 * @param waits true: the answer waits while others hold tokens that they may not use. false: it takes what is left
 * @returns the tokens that the answer may have; 0: the budget is used up; 'later': it waits; undefined: the fence is lost
 */
export async function shareOf(
  run: { run_id: number; attempt: number; user_id: number },
  model: string,
  tokens: { prompt_tokens: number; completion_tokens: number },
  waits: boolean,
): Promise<number | 'later' | undefined> {
  const price = unit === 'tokens' ? { input: 1, output: 1 } : priceOf(model, new Date(), prices ?? []);
  if (price === undefined) log.warn({ model }, 'Model without a price: its answers use no budget');
  const share = { ...tokens, price_in: price?.input ?? 0, price_out: price?.output ?? 0 };
  const reserved = await reserveShare(run, share, limits, waits);
  if (reserved?.told)
    log.warn(
      { limit: limits.day, unit },
      'Four fifths of BUDGET_DAY are used; at the limit messages are refused',
    );
  return reserved?.waits ? 'later' : reserved?.granted;
}

/** Returns which of these models use nothing of the budgets: budgets are of money, and the models have no price today. */
export function withoutPrice(models: string[]): string[] {
  if (!budgeted || unit === 'tokens') return [];
  return models.filter((model) => priceOf(model, new Date(), prices ?? []) === undefined);
}

/** Returns the used share of BUDGET_DAY, from 0 on; null without such a budget. */
export async function budgetUsed(): Promise<number | null> {
  return limits.day === null ? null : (await usedToday()) / Math.max(1, limits.day);
}
