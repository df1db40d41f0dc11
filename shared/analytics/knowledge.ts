import {
  type FaqFigures,
  faqFigures,
  type GapFigures,
  gapFigures,
  unusedFaqs,
} from '../../db/models/analytics/knowledge.ts';
import { rangesOf } from '../../db/models/analytics/ranges.ts';
import { before, type Window } from './window.ts';

export type KnowledgeFigures = Window & {
  faqs: FaqFigures[];
  unused: { faq_id: number; question: string }[];
  gaps: GapFigures[];
};

/** Returns which FAQs answered, and what was said of it; which did not; and what people asked that none answers. */
export async function knowledge(window: Window, limit: number): Promise<KnowledgeFigures> {
  const ranges = await rangesOf('moments', window, true);
  const [faqs, unused, gaps] = await Promise.all([
    faqFigures(ranges, window, limit),
    unusedFaqs(ranges, limit),
    gapFigures(window, before(window).from, limit),
  ]);
  return { ...window, faqs, unused, gaps };
}
