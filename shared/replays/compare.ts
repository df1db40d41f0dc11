import type { Range } from '../../db/models/analytics/ranges.ts';
import { type Asked, sampleOf } from '../../db/models/replay.ts';
import { costOf, priceChanges, prices } from '../analytics/prices.ts';
import { askAgain } from './replay.ts';

type Line = { before: number | null; replayed: number | null };
export type Comparison = {
  sampled: number;
  replayed: number;
  failed: number;
  /** Not asked, because the budget was used up. */
  left: number;
  same_sources: number;
  lines: Record<'answers with a source' | 'characters' | 'refused' | 'tokens' | 'cost', Line>;
};
type Answer = {
  content: string;
  sources: { faq_id: number }[];
  finish_reason: string | null;
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
};

/** Asks a sample of runs again, one after the other, and compares what came with what was. Stores nothing. */
export async function compare(
  window: Range,
  { sample, budget, asked }: { sample: number; budget: number; asked: Asked },
): Promise<Comparison> {
  const runs = await sampleOf(window, sample);
  const [before, after]: [Answer[], Answer[]] = [[], []];
  let [spent, failed, left, same_sources] = [0, 0, 0, 0];
  for (const run of runs) {
    if (spent + (run.total_tokens ?? 0) > budget) {
      left += 1;
      continue;
    }
    const again = await askAgain(run.run_id, asked);
    spent += again.usage?.total_tokens ?? 0;
    if (again.status === 'failed') {
      failed += 1;
      continue;
    }
    const used = {
      model: run.model ?? '',
      prompt_tokens: run.prompt_tokens ?? 0,
      completion_tokens: run.completion_tokens ?? 0,
    };
    before.push({ ...run, ...used });
    after.push({
      content: again.content ?? '',
      sources: again.sources,
      finish_reason: again.finish_reason,
      model: asked.model ?? run.model ?? '',
      prompt_tokens: again.usage?.prompt_tokens ?? 0,
      completion_tokens: again.usage?.completion_tokens ?? 0,
    });
    if (idsOf(run.sources) === idsOf(again.sources)) same_sources += 1;
  }
  const line = (of: (answers: Answer[]) => number | null): Line => ({
    before: of(before),
    replayed: of(after),
  });
  return {
    sampled: runs.length,
    replayed: after.length,
    failed,
    left,
    same_sources,
    lines: {
      'answers with a source': line((all) => all.filter(({ sources }) => sources.length > 0).length),
      characters: line((all) => all.reduce((sum, { content }) => sum + content.length, 0)),
      refused: line((all) => all.filter(({ finish_reason }) => finish_reason === 'content_filter').length),
      tokens: line((all) => all.reduce((sum, one) => sum + one.prompt_tokens + one.completion_tokens, 0)),
      // At today's prices on both sides, so that a change of prices makes no difference.
      cost: line(
        (all) =>
          costOf(
            all.map((one) => ({ ...one, period: priceChanges().length })),
            prices,
          )?.amount ?? null,
      ),
    },
  };
}

function idsOf(sources: { faq_id: number }[]): string {
  return sources
    .map(({ faq_id }) => faq_id)
    .toSorted((a, b) => a - b)
    .join(' ');
}
