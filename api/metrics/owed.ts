import { countOwed } from '../../db/models/owedTellings.ts';
import { log } from '../../shared/base/log.ts';
import { atMostEvery } from '../../shared/base/together.ts';
import { tellingsLate, tellingsOwed } from '../../shared/ops/metrics.ts';

/** Ms for which the counts are good. */
const FRESH = 5_000;

/**
 * Updates the gauges of what is owed to people and other systems, at most every five seconds. Without Postgres they are
 * removed.
 */
export const measureOwed = atMostEvery(FRESH, () =>
  measure().catch((err: unknown) => {
    log.warn({ err }, 'Owed work not counted; its gauges are removed');
    tellingsOwed.reset();
    tellingsLate.reset();
  }),
);

async function measure(): Promise<void> {
  for (const { what, owed, late_s } of await countOwed()) {
    tellingsOwed.set({ what }, owed);
    tellingsLate.set({ what }, late_s);
  }
}
