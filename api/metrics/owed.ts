import { countOwed } from '../../db/models/owedTellings.ts';
import { log } from '../../shared/base/log.ts';
import { tellingsLate, tellingsOwed } from '../../shared/ops/metrics.ts';

/** Ms for which the counts are good. */
const FRESH = 5_000;
let freshUntil = Number.NEGATIVE_INFINITY;
let measuring: Promise<void> = Promise.resolve();

/**
 * Updates the gauges of what is owed to people and other systems, at most every five seconds. Without Postgres they are
 * removed.
 */
export function measureOwed(): Promise<void> {
  if (performance.now() < freshUntil) return measuring;
  freshUntil = performance.now() + FRESH;
  measuring = measure().catch((err: unknown) => {
    log.warn({ err }, 'Owed work not counted; its gauges are removed');
    tellingsOwed.reset();
    tellingsLate.reset();
  });
  return measuring;
}

async function measure(): Promise<void> {
  for (const { what, owed, late_s } of await countOwed()) {
    tellingsOwed.set({ what }, owed);
    tellingsLate.set({ what }, late_s);
  }
}
