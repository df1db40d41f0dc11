import { embeddingDebts } from '../../db/models/owed.ts';
import { log } from '../../shared/base/log.ts';
import { atMostEvery } from '../../shared/base/together.ts';
import { faqsStored, faqsToEmbed } from '../../shared/ops/metrics.ts';
import { embeddingModel } from '../../shared/provider/config.ts';

/** How long a count is good for, in ms. */
const FRESH = 15_000;

/** Updates the gauges of the knowledge base. They keep their last values while Postgres is away. */
export const measureFaqs = atMostEvery(FRESH, () =>
  embeddingDebts(embeddingModel() !== null).then(
    ({ faqs, faqs_to_embed }) => {
      faqsStored.set(faqs);
      faqsToEmbed.set(faqs_to_embed);
    },
    (err: unknown) => log.warn({ err }, 'FAQs not counted; the gauges keep their last values'),
  ),
);
