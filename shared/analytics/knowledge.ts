import {
  type FaqFigures,
  faqFigures,
  type GapFigures,
  gapFigures,
  unusedFaqs,
} from '../../db/models/analytics/knowledge.ts';
import { usesOfFaq } from '../../db/models/analytics/figures.ts';
import { ALL, rangesOf } from '../../db/models/analytics/ranges.ts';
import { before, type Window } from './window.ts';

export type KnowledgeFigures = Window & {
  faqs: FaqFigures[];
  unused: { faq_id: number; question: string }[];
  gaps: GapFigures[];
};

const USED_DAYS = 30;

/** Counts the answers of the last thirty days that cite an FAQ. */
export async function recentUses(id: number): Promise<number> {
  const to = new Date();
  const from = new Date(to.getTime() - USED_DAYS * 86_400_000);
  return usesOfFaq(await rangesOf('moments', { from, to }, true), id);
}

/** Returns which FAQs answered, and what was said of it; which did not; and what people asked that none answers. */
export async function knowledge(window: Window, limit: number, of = ALL): Promise<KnowledgeFigures> {
  const ranges = await rangesOf('moments', window, true, of);
  const [faqs, unused, gaps] = await Promise.all([
    faqFigures(ranges, window, limit, of),
    unusedFaqs(ranges, limit, of),
    gapFigures(window, before(window).from, limit, of),
  ]);
  return { ...window, faqs, unused, gaps };
}
