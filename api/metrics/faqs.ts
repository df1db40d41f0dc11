import { embeddingDebts } from '../../db/models/owed.ts';
import { log } from '../../shared/base/log.ts';
import { faqsStored, faqsToEmbed } from '../../shared/ops/metrics.ts';
import { embeddingModel } from '../../shared/provider/config.ts';

/** How long a count is good for, in ms. */
const FRESH = 15_000;

/** Updates the gauges of the knowledge base. They keep their last values while Postgres is away. */
export function measureFaqs(): Promise<void> {
  if (performance.now() < freshUntil) return measuring;
  freshUntil = performance.now() + FRESH;
  measuring = embeddingDebts(embeddingModel() !== null).then(
    ({ faqs, faqs_to_embed }) => {
      faqsStored.set(faqs);
      faqsToEmbed.set(faqs_to_embed);
    },
    (err: unknown) => log.warn({ err }, 'FAQs not counted; the gauges keep their last values'),
  );
  return measuring;
}

let freshUntil = Number.NEGATIVE_INFINITY;
let measuring: Promise<void> = Promise.resolve();
