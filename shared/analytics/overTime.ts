import { bucketsOf, bucketStepsOf } from '../../db/models/analytics/figures.ts';
import { ALL, rangesOf } from '../../db/models/analytics/ranges.ts';
import type { Interval } from '../../db/models/analytics/window.ts';
import { percentile } from './percentiles.ts';
import { bucketsIn, type Window } from './window.ts';

export type Bucket = {
  start: Date;
  conversations: number;
  messages_in: number;
  answers: number;
  failed: number;
  handoffs: number;
  rated_up: number;
  rated_down: number;
  tokens: number;
  first_token_ms_p50: number | null;
  answer_ms_p95: number | null;
};

/** Returns the figures of a window by hours, days, weeks or months of its timezone. Empty buckets are included. */
export async function overTime(window: Window, interval: Interval, of = ALL): Promise<Bucket[]> {
  const starts = await bucketsIn(window, interval);
  const ranges = await rangesOf('moments', window, starts.every(isMidnight), of);
  const [counts, steps] = await Promise.all([
    bucketsOf(ranges, starts, of),
    bucketStepsOf(ranges, starts, of),
  ]);
  const byBucket = new Map(counts.map((counted) => [counted.bucket, counted]));
  const stepsBy = Map.groupBy(steps, ({ bucket, measure }) => `${bucket} ${measure}`);
  return starts.map((start, i) => {
    const counted = byBucket.get(i);
    const speed = (measure: string, share: number) => percentile(stepsBy.get(`${i} ${measure}`) ?? [], share);
    return {
      start: start < window.from ? window.from : start,
      conversations: counted?.conversations ?? 0,
      messages_in: counted?.messages_in ?? 0,
      answers: counted?.answers ?? 0,
      failed: counted?.failed ?? 0,
      handoffs: counted?.handoffs ?? 0,
      rated_up: counted?.rated_up ?? 0,
      rated_down: counted?.rated_down ?? 0,
      tokens: counted?.total_tokens ?? 0,
      first_token_ms_p50: speed('first_token_ms', 0.5),
      answer_ms_p95: speed('answer_ms', 0.95),
    };
  });
}

/** Says whether a day of UTC begins there, so that rollups of days fit. */
function isMidnight(at: Date): boolean {
  return at.getTime() % 86_400_000 === 0;
}
