import { readFileSync } from 'node:fs';
import { die, text } from '../base/env.ts';
import { lazily } from '../base/lazily.ts';
import type { Cell } from '../../db/models/analytics/figures.ts';

/** What a model costs from a day on (UTC), per million tokens. A name that ends in `*` means all with that beginning. */
export type Price = { model: string; valid_from: string; currency: string; input: number; output: number };
export type Cost = { amount: number; currency: string };

/** Says whether a file holds prices. Loads the library of schemas only now: most processes have no such file. */
function arePrices(read: unknown): read is Price[] {
  const { Type } = lazily('typebox') as typeof import('typebox');
  const { Check } = lazily('typebox/value') as typeof import('typebox/value');
  return Check(
    Type.Array(
      Type.Object(
        {
          model: Type.String({ minLength: 1, maxLength: 200 }),
          valid_from: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }),
          currency: Type.String({ pattern: '^[A-Z]{3}$' }),
          input: Type.Number({ minimum: 0 }),
          output: Type.Number({ minimum: 0 }),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 10_000 },
    ),
    read,
  );
}

/** The prices in the file that MODEL_PRICES names; null: there is none, and nothing has a cost. */
export const prices: readonly Price[] | null = readPrices(text('MODEL_PRICES', ''));

/** Reads a file of prices. Ends the process with one line that says what is wrong. Returns null without a file. */
function readPrices(path: string): Price[] | null {
  if (path === '') return null;
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return die('MODEL_PRICES must be the path of a JSON file');
  }
  if (!arePrices(read) || read.some(({ valid_from }) => Number.isNaN(Date.parse(valid_from))))
    return die('MODEL_PRICES must be a list of {model, valid_from, currency, input, output}');
  if (new Set(read.map(({ currency }) => currency)).size > 1)
    return die('MODEL_PRICES must have one currency');
  const twice = twiceIn(read);
  if (twice !== undefined)
    return die(`MODEL_PRICES must have one price of ${twice.model} from ${twice.valid_from} on`);
  return read.toSorted((a, b) => (a.valid_from < b.valid_from ? -1 : 1));
}

/** Finds two prices of one model that begin on the same day. Returns the second one; undefined without such a pair. */
function twiceIn(list: Price[]): Price | undefined {
  const seen = new Set<string>();
  return list.find((price) => {
    const key = `${price.valid_from} ${price.model}`;
    return seen.size === seen.add(key).size;
  });
}

/** Returns the times at which a price begins, in order. */
export function priceChanges(from: readonly Price[] | null = prices): Date[] {
  return [...new Set((from ?? []).map(({ valid_from }) => valid_from))].map((day) => new Date(day));
}

/**
 * Adds up what cells cost. A cell's tokens cost what its model cost then.
 * @returns the cost, and the tokens of models without a price; null without prices
 */
export function costOf(
  cells: Pick<Cell, 'model' | 'period' | 'prompt_tokens' | 'completion_tokens'>[],
  from: readonly Price[] | null = prices,
): (Cost & { unpriced_tokens: number }) | null {
  if (from === null) return null;
  const changes = priceChanges(from);
  let [millionths, unpriced_tokens] = [0, 0];
  for (const { model, period, prompt_tokens, completion_tokens } of cells) {
    const price = period === 0 ? undefined : priceOf(model, changes[period - 1]!, from);
    if (price === undefined) unpriced_tokens += prompt_tokens + completion_tokens;
    else millionths += prompt_tokens * price.input + completion_tokens * price.output;
  }
  return {
    amount: Math.round(millionths) / 1_000_000,
    currency: from[0]!.currency,
    unpriced_tokens,
  };
}

/** Returns the price of a model at a time: of its own name, else of its longest beginning. undefined: it has none. */
export function priceOf(model: string, at: Date, from: readonly Price[]): Price | undefined {
  let found: Price | undefined;
  for (const price of from) {
    if (new Date(price.valid_from) > at) break;
    const fits = price.model.endsWith('*')
      ? model.startsWith(price.model.slice(0, -1))
      : price.model === model;
    if (fits && (found === undefined || rank(price) >= rank(found))) found = price;
  }
  return found;
}

function rank({ model }: Price): number {
  return model.endsWith('*') ? model.length : Number.MAX_SAFE_INTEGER;
}
