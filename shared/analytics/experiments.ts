import {
  addExperiment,
  type ArmCounts,
  countArms,
  endExperiment as storeEnd,
  type ExperimentRow,
  type NewExperiment,
} from '../../db/models/experiment.ts';
import type { Along } from '../../db/models/auditEntry.ts';
import { env } from '../base/env.ts';
import { found, invalid, problem } from '../base/errors.ts';
import { differenceInterval, type Interval, type Share, shareInterval } from './intervals.ts';

/** An arm with fewer cases than this decides nothing. */
export const LEAST = 30;
/** Half the width of an interval of a difference from which on "no difference" means something: ten points. */
export const FINE = 0.1;

export const FIGURES = ['resolution_rate', 'handoff_rate', 'knowledge_rate', 'rated_up_rate'] as const;
export type Figure = (typeof FIGURES)[number];
/** An arm's rate, with its interval of 95 %. null: the arm has no cases. */
export type Rate = Share & { rate: number | null; low: number | null; high: number | null };
export type Arm = ArmCounts & Record<Figure, Rate> & { csat: { ratings: number; average: number | null } };
export type Comparison = {
  figure: Figure;
  /** Version b's rate minus version a's. */
  difference: number | null;
  low: number | null;
  high: number | null;
  verdict: 'too_little' | 'no_difference' | 'a' | 'b';
};
export type Result = { arms: Arm[]; comparison: Comparison[]; verdict: Comparison['verdict'] };

/** What each rate counts, and out of what; see docs/analytics.md, *Quality*. */
const RATES: Record<Figure, { of: (arm: ArmCounts) => Share; lessIsBetter?: true }> = {
  resolution_rate: { of: (arm) => ({ count: arm.resolved_by_bot, of: arm.answered }) },
  handoff_rate: { of: (arm) => ({ count: arm.handed_off, of: arm.answered }), lessIsBetter: true },
  knowledge_rate: {
    of: (arm) => ({ count: arm.from_knowledge, of: arm.from_knowledge + arm.unanswered }),
  },
  rated_up_rate: { of: (arm) => ({ count: arm.rated_up, of: arm.rated_up + arm.rated_down }) },
};

/** Begins an experiment, with its audit entry. @throws Problem `not_found`, `validation_failed`, `conflict` */
export async function beginExperiment(wanted: NewExperiment, along: Along): Promise<ExperimentRow> {
  // The schema lets a leap second pass, which is not a time of JavaScript.
  const isAhead = (until: Date) => until.getTime() > Date.now();
  if (wanted.until !== null && !isAhead(wanted.until)) throw invalid('/until', 'must be in the future');
  const added = await addExperiment(wanted, along);
  if (added === 'no_assistant') throw problem('not_found');
  if (added === 'no_version') throw invalid('/versions', 'must be versions of the assistant');
  if (added === 'is_archived') throw problem('conflict', 'This assistant is archived');
  if (added === 'is_running')
    throw problem('conflict', 'This assistant has an experiment already: end it first');
  return added;
}

/** Ends an experiment, with its audit entry. @throws Problem `not_found`, `validation_failed`, `conflict` */
export async function endExperiment(id: number, keep: number | null, along: Along): Promise<void> {
  const outcome = found(await storeEnd(id, keep, along));
  if (outcome === 'conflict') throw problem('conflict', 'This experiment has ended');
  if (outcome === 'not_one') throw invalid('/keep', 'must be one of the versions, or null');
}

/** Compares the arms as they are now. The first figure decides the verdict. */
export async function resultOf(experiment: ExperimentRow): Promise<Result> {
  const counted = await countArms(experiment.id, env.RESOLVED_AFTER_H);
  const arms = [experiment.version_a, experiment.version_b].map((version) =>
    armOf(counted.find((arm) => arm.version === version) ?? { ...NOTHING, version }),
  ) as [Arm, Arm];
  const comparison = FIGURES.map((figure) => compare(figure, ...arms));
  return { arms, comparison, verdict: comparison[0]?.verdict ?? 'too_little' };
}

function armOf(counts: ArmCounts): Arm {
  const rates = Object.fromEntries(FIGURES.map((figure) => [figure, rateOf(RATES[figure].of(counts))]));
  const { scored, score_sum } = counts;
  return {
    ...counts,
    ...(rates as Record<Figure, Rate>),
    csat: { ratings: scored, average: scored === 0 ? null : score_sum / scored },
  };
}

function rateOf(share: Share): Rate {
  if (share.of === 0) return { ...share, rate: null, low: null, high: null };
  return { ...share, rate: share.count / share.of, ...shareInterval(share.count, share.of) };
}

function compare(figure: Figure, a: Arm, b: Arm): Comparison {
  const [one, other] = [a[figure], b[figure]];
  if (one.rate === null || other.rate === null)
    return { figure, difference: null, low: null, high: null, verdict: 'too_little' };
  const interval = differenceInterval(one, other);
  const verdict = verdictOf(figure, Math.min(one.of, other.of), interval);
  return { figure, difference: other.rate - one.rate, ...interval, verdict };
}

/** Says which version is better, that none is, or that there is too little to tell. */
export function verdictOf(figure: Figure, cases: number, { low, high }: Interval): Comparison['verdict'] {
  if (cases < LEAST) return 'too_little';
  if (low > 0 || high < 0) return low > 0 !== (RATES[figure].lessIsBetter ?? false) ? 'b' : 'a';
  return high - low > 2 * FINE ? 'too_little' : 'no_difference';
}

const NOTHING = {
  conversations: 0,
  answered: 0,
  handed_off: 0,
  resolved_by_bot: 0,
  resolved_by_agent: 0,
  reopened: 0,
  pending: 0,
  scored: 0,
  score_sum: 0,
  answers: 0,
  from_knowledge: 0,
  unanswered: 0,
  tokens: 0,
  rated_up: 0,
  rated_down: 0,
};
