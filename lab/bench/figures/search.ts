import { once } from 'node:events';
import type { Round } from '../floors/search.ts';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** Number of synthetic FAQs. */
const FAQS = process.env.BENCH_FAQS ?? '100000';

/** Measures search among many FAQs beside pgvector's own SQL. The FAQs and their index take some minutes. */
export async function search(ground: Ground): Promise<() => Promise<Measured[]>> {
  const child = await ground.start('lab/bench/floors/search.ts', [], { FAQ_COUNT: FAQS });
  return async () => {
    child.process.send({});
    const [round] = (await once(child.process, 'message')) as [Round];
    return linesOf(round);
  };
}

function linesOf({ faqs, speeds, recall, indexSeconds, indexMiB }: Round): Measured[] {
  const { bareOne, bare, vector, fused, whole } = speeds;
  const both = 'bare SQL, ten FAQs by any text';
  const rate = { unit: '/s', loop: 'closed, 4 wide', aim: '≥ 0.8', floor: both, floors: bare.rate };
  const ms = { unit: 'ms', loop: 'one at a time', aim: '≤ 1.25', floor: both };
  const alone = { floor: '–', floors: Number.NaN };
  return [
    { ...rate, figure: `search by vector, ${faqs} FAQs`, ours: vector.rate },
    { ...ms, figure: 'search by vector, p50', ours: vector.p50, floors: bare.p50 },
    { ...ms, figure: 'search by vector, p99', ours: vector.p99, floors: bare.p99 },
    {
      ...rate,
      figure: 'search by vector, to the nearest texts',
      floor: 'bare SQL, ten texts of any FAQ',
      floors: bareOne.rate,
      ours: vector.rate,
    },
    { ...rate, figure: 'search, fused with words', ours: fused.rate },
    { ...ms, figure: 'search, fused, p50', ours: fused.p50, floors: bare.p50 },
    { ...ms, figure: 'search, fused, p99', ours: fused.p99, floors: bare.p99 },
    { ...rate, figure: 'search, with its caches missed', ours: whole.rate },
    {
      ...alone,
      unit: '',
      loop: '40 questions',
      figure: 'recall@10 by vector',
      aim: '≥ 0.98',
      ours: recall.vector,
    },
    { ...alone, unit: 's', loop: 'once', figure: 'the index, built', aim: '–', ours: indexSeconds },
    { ...alone, unit: 'MiB', loop: 'once', figure: 'the index, size', aim: '–', ours: indexMiB },
  ];
}
