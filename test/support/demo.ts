import { groupGap, ungroupedGaps } from '../../db/models/faqSuggestion.ts';
import { seedDemo } from '../../db/seeds/demo/index.ts';
import { seed } from '../../db/seeds/index.ts';
import { embed } from '../../lab/standin/embedding.ts';

/** Adds the made-up month, and groups its questions as the embedding worker does. Forget the assistants in `after`. */
export async function buildDemo(): Promise<void> {
  await seed({ password: 'of the demonstration' });
  await seedDemo('test/model');
  for (;;) {
    const gaps = await ungroupedGaps(200);
    if (gaps.length === 0) return;
    for (const gap of gaps) await groupGap(gap, Array.from(embed(gap.content)), 'test', 0.45);
  }
}
