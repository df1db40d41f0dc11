/** `npm run eval`: see USAGE. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Answer, type Labelled, readQuestions, type Score, score } from './eval/measure.ts';
import type { EmbeddingSet } from '../db/models/embeddingSet.ts';
import { startScratchDatabase } from '../scripts/services/scratch.ts';
import { startProvider } from './kit/provider.ts';

const USAGE = `npm run eval [-- --json FILE]

Asks the labelled questions of lab/eval/questions.json (paraphrases, typos, other words, unanswerable ones; English
and German) of the seeded FAQs and prints, for search by vector, by words and by both: recall@5, the mean
reciprocal rank, and how often an unanswerable question was given an answer.

The database: a fresh one on the server of DATABASE_URL, dropped at the end, else PGlite in memory.
The provider: OPENAI_API_KEY or OPENAI_BASE_URL with EMBEDDING_MODEL, else the stand-in, which only compares words.
The thresholds: PASSAGE_THRESHOLD and --coverage, the share of a question's words.`;

const OPTIONS = {
  json: { type: 'string' },
  coverage: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
const { values } = parseArgs({ options: OPTIONS });

if (values.help) console.log(USAGE);
else process.exitCode = await main().catch(fail);

async function main(): Promise<number> {
  process.env.LOG_LEVEL ??= 'warn';
  const database = await startScratchDatabase();
  process.env.DATABASE_URL = database.url;
  const standin =
    process.env.OPENAI_API_KEY || process.env.OPENAI_BASE_URL
      ? undefined
      : await startProvider({ chunkMs: 0 });
  if (standin) process.env.OPENAI_BASE_URL = standin.url;
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const results = await evaluate();
    console.log(table(results, standin ? 'the stand-in' : undefined));
    if (values.json) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
    return 0;
  } finally {
    await stop();
    await standin?.stop();
    await database.stop();
  }
}

type Results = {
  model: string;
  questions: number;
  kinds: Record<string, number>;
  scores: Record<string, Score>;
};

async function evaluate(): Promise<Results> {
  const { env } = await import('../shared/base/env.ts');
  const { faqSet, searchFaqs } = await import('../db/models/faqSearch.ts');
  const { COVERAGE } = await import('../shared/knowledge/coverage.ts');
  const faqs = await prepare();
  const questions = await readQuestions(new Map(faqs.map(({ slug, language }) => [slug, language])));
  const { vectors: set } = await faqSet();
  if (set === null) throw new Error('no FAQ has a vector');
  const vectors = await embedAll(questions, set);
  const ask =
    (byVector: boolean, byWords: boolean): Answer =>
    ({ question, language }, vector) =>
      searchFaqs({
        text: byWords ? question : '',
        vectors: byVector ? [{ model: set.key, vector }] : [],
        language,
        limit: 5,
        similarity: env.PASSAGE_THRESHOLD,
        coverage: Number(values.coverage ?? COVERAGE),
      });
  const slugs = new Map(faqs.map(({ id, slug }) => [id, slug]));
  const by = (answer: Answer) => score(questions, vectors, slugs, answer);
  return {
    model: set.name,
    questions: questions.length,
    kinds: countBy(questions),
    scores: {
      vector: await by(ask(true, false)),
      words: await by(ask(false, true)),
      fused: await by(ask(true, true)),
    },
  };
}

/** Migrates, seeds and embeds. */
async function prepare(): Promise<{ id: number; slug: string; language: string }[]> {
  const { migrate } = await import('../db/migrate.ts');
  const { seed } = await import('../db/seeds/index.ts');
  const { embedFaqs } = await import('../workers/embedding.ts');
  const { rows } = await import('../db/sql.ts');
  await migrate();
  await seed({ password: crypto.randomUUID() });
  const faqs = await rows<{ id: number; slug: string; language: string }>(
    'SELECT id, slug, language FROM faqs',
  );
  await embedFaqs(faqs.map(({ id }) => id));
  return faqs;
}

async function embedAll(questions: Labelled[], set: EmbeddingSet): Promise<Map<string, number[]>> {
  const { embedFor } = await import('../shared/knowledge/vectors.ts');
  const texts = [...new Set(questions.map(({ question }) => question))];
  const vectors = new Map<string, number[]>();
  for (let i = 0; i < texts.length; i += 256) {
    const batch = texts.slice(i, i + 256);
    const found = await embedFor(set, batch, 'query');
    for (const [k, text] of batch.entries()) vectors.set(text, found[k] ?? []);
  }
  return vectors;
}

function countBy(questions: Labelled[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of questions) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function table({ model, questions, kinds, scores }: Results, provider = model): string {
  const counts = Object.entries(kinds).map(([kind, count]) => `${count} ${kind.replace('_', ' ')}`);
  const rows = Object.entries(scores).map(
    ([name, { recall, mrr, falseAnswers }]) =>
      `| ${name} | ${recall.toFixed(3)} | ${mrr.toFixed(3)} | ${falseAnswers.toFixed(3)} |`,
  );
  return [
    `${questions} questions (${counts.join(', ')}), embedded by ${provider}`,
    '',
    '| search | recall@5 | MRR | false answers |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function fail(error: Error): number {
  console.error(`npm run eval: ${error.message}`);
  return 1;
}
