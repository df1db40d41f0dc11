import {
  type Begun,
  begunOf,
  type Cell,
  cellsOf,
  type FaqUse,
  newUsersOf,
  peopleOf,
  spreadOf,
} from '../../db/models/analytics/figures.ts';
import {
  ALL,
  type Counted,
  countedIn,
  type Of,
  type Part,
  type Range,
  rangesIn,
} from '../../db/models/analytics/ranges.ts';
import { env } from '../base/env.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { type Cost, costOf, priceChanges } from './prices.ts';
import { before, type Window } from './window.ts';

const TOP = 10;

export type Totals = {
  users_active: number;
  users_new: number;
  conversations: number;
  messages_in: number;
  answers: number;
  answers_by_status: { completed: number; incomplete: number; failed: number; cancelled: number };
  handoffs: number;
  tokens: { prompt: number; completion: number; total: number };
  cost: (Cost & { unpriced_tokens: number }) | null;
};
export type Quality = {
  from_knowledge: number;
  unanswered: number;
  rated_up: number;
  rated_down: number;
  resolved_by_bot: number;
  confirmed: number;
  assumed: number;
  resolved_by_agent: number;
  reopened: number;
  pending: number;
  involved: number;
  began: number;
  resolution_rate: number | null;
  handoff_rate: number | null;
  coverage: number | null;
  cost_per_resolution: number | null;
  csat: { ratings: number; average: number | null };
};
export type Dashboard = {
  from: Date;
  to: Date;
  timezone: string;
  updated_at: Date;
  totals: Totals;
  quality: Quality;
  speed: { first_token_ms: Percentiles; answer_ms: Percentiles; waited_ms: Percentiles };
  previous: { totals: Totals; quality: Quality };
  top: {
    faqs: FaqUse[];
    languages: { language: string; messages: number }[];
    models: { model: string; answers: number; tokens: number }[];
  };
};

/** Returns the figures of a window, and those of the window before it. */
export async function dashboard(window: Window, of = ALL): Promise<Dashboard> {
  const updated_at = new Date();
  const past = before(window);
  const counted = await countedIn({ from: past.from, to: window.to });
  const ranges = rangesIn(counted, 'moments', window, of);
  const [{ steps, uses }, now, then, newUsers] = await Promise.all([
    spreadOf(ranges, TOP, of),
    figuresOf(window, counted, of),
    figuresOf(past, counted, of),
    newUsersOf(rangesIn(counted, 'moments', past, of)),
  ]);
  const { cells } = now;
  const users_new = steps.find(({ measure }) => measure === 'users_new')?.n ?? 0;
  return {
    ...window,
    updated_at,
    totals: { ...now.totals, users_new },
    quality: now.quality,
    speed: {
      first_token_ms: percentilesOf(steps, 'first_token_ms'),
      answer_ms: percentilesOf(steps, 'answer_ms'),
      waited_ms: percentilesOf(steps, 'waited_ms'),
    },
    previous: { totals: { ...then.totals, users_new: newUsers }, quality: then.quality },
    top: {
      faqs: uses,
      languages: grouped(cells, 'language')
        .map(([language, own]) => ({ language, messages: sum(own, 'messages_in') }))
        .filter(({ messages }) => messages > 0)
        .toSorted((a, b) => b.messages - a.messages)
        .slice(0, TOP),
      models: grouped(cells, 'model')
        .map(([model, own]) => ({ model, answers: sum(own, 'answers'), tokens: sum(own, 'total_tokens') }))
        .filter(({ model }) => model !== '')
        .toSorted((a, b) => b.answers - a.answers)
        .slice(0, TOP),
    },
  };
}

async function figuresOf(window: Range, counted: Partial<Record<Part, Counted>>, of: Of) {
  const ranges = rangesIn(counted, 'moments', window, of);
  const [cells, users_active, begun] = await Promise.all([
    cellsOf(ranges, priceChanges(), of),
    peopleOf(ranges, of),
    begunOf(rangesIn(counted, 'begun', window), env.RESOLVED_AFTER_H, of),
  ]);
  const totals = totalsOf(cells, users_active);
  return { cells, totals, quality: qualityOf(cells, begun, totals.cost) };
}

function totalsOf(cells: Cell[], users_active: number): Omit<Totals, 'users_new'> {
  const ended = (status: string) =>
    sum(
      cells.filter(({ outcome }) => outcome === status),
      'answers',
    );
  return {
    users_active,
    conversations: sum(cells, 'conversations'),
    messages_in: sum(cells, 'messages_in'),
    answers: sum(cells, 'answers'),
    answers_by_status: {
      completed: ended('completed'),
      incomplete: ended('incomplete'),
      failed: ended('failed'),
      cancelled: ended('cancelled'),
    },
    handoffs: sum(cells, 'handoffs'),
    tokens: {
      prompt: sum(cells, 'prompt_tokens'),
      completion: sum(cells, 'completion_tokens'),
      total: sum(cells, 'total_tokens'),
    },
    cost: costOf(cells),
  };
}

function qualityOf(cells: Cell[], begun: Begun, cost: Cost | null): Quality {
  const { resolved_by_bot, resolved_by_agent, answered } = begun;
  return {
    from_knowledge: sum(cells, 'from_knowledge'),
    unanswered: sum(cells, 'unanswered'),
    rated_up: sum(cells, 'rated_up'),
    rated_down: sum(cells, 'rated_down'),
    resolved_by_bot,
    confirmed: begun.confirmed,
    assumed: resolved_by_bot - begun.confirmed,
    resolved_by_agent,
    reopened: begun.reopened,
    pending: begun.pending,
    involved: answered,
    began: begun.begun,
    resolution_rate: rate(resolved_by_bot, answered),
    handoff_rate: rate(begun.handed_off, answered),
    coverage: rate(answered, begun.begun),
    cost_per_resolution: cost === null ? null : rate(cost.amount, resolved_by_bot),
    csat: { ratings: begun.scored, average: rate(begun.score_sum, begun.scored) },
  };
}

/** Returns a part of a whole; null where there is no whole. */
export function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1_000_000) / 1_000_000;
}

type Countable = { [Name in keyof Cell]: Cell[Name] extends number ? Name : never }[keyof Cell];

export function sum(cells: Cell[], name: Countable): number {
  return cells.reduce((total, cell) => total + cell[name], 0);
}

export function grouped<Key extends 'language' | 'model' | 'assistant_id'>(
  cells: Cell[],
  key: Key,
): [Cell[Key], Cell[]][] {
  return [...Map.groupBy(cells, (cell) => cell[key])];
}
