/** `npm run eval`: see USAGE. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DOMAINS, type Domain, inLanguage, readDomain } from './eval/domains.ts';
import type { Score } from './eval/measure.ts';
import { report } from './eval/report.ts';
import { type ScriptedJudge, startJudge } from './eval/judge.ts';
import { startOwnRedis } from './kit/redis.ts';
import { startProvider } from './kit/provider.ts';
import { startScratchDatabase } from '../scripts/services/scratch.ts';

const USAGE = `npm run eval [-- --domain NAME] [--language en|de] [--json FILE]

Asks labelled questions of nine knowledge bases, in English and German, and prints how well search finds:
  demo     the seeded FAQs about Parley
  library  a public library
  clinic   a clinic
  utility  a municipal utility
  shop     a bicycle shop
  garden   a garden and plant house
  campsite a campsite at a lake
  removals a removals and storage firm
  music    a music school
The last eight were written before the search was asked about them. Settings were chosen with a look at the first seven since; those
of the stand-in with a look at the first four.
Kinds of questions: paraphrases, other words, typos, short ones, long stories, two topics, another language, follow-ups of
a dialogue, and what nothing answers (far: about something else; near: about the same things).
Ways: the ranking alone (by vector, by words, by both, no thresholds), the context stage as runs use it,
with its thresholds; and the same with ANSWER_CHECK=model and a scripted judge, which knows the labels and is right 95 times of 100.

With --language, FAQs and questions of that language alone: for a model that knows no other.

The database: a fresh one on the server of DATABASE_URL, dropped at the end, else PGlite in memory.
The provider: OPENAI_API_KEY or OPENAI_BASE_URL with EMBEDDING_MODEL, else the stand-in.`;

const OPTIONS = {
  json: { type: 'string' },
  domain: { type: 'string' },
  language: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
const { values } = parseArgs({ options: OPTIONS });

export type Results = { domain: Domain; ways: Record<string, Record<string, Score>> };

if (values.help) console.log(USAGE);
else process.exitCode = await main().catch(fail);

async function main(): Promise<number> {
  process.env.LOG_LEVEL ??= 'warn';
  const [database, redis] = [await startScratchDatabase(), await startOwnRedis()];
  process.env.DATABASE_URL = database.url;
  process.env.REDIS_URL = redis.url;
  const standin =
    process.env.OPENAI_API_KEY || process.env.OPENAI_BASE_URL
      ? undefined
      : await startProvider({ chunkMs: 0 });
  if (standin) process.env.OPENAI_BASE_URL = standin.url;
  const judge = await startJudge();
  process.env.PROVIDERS = [process.env.PROVIDERS, 'judge'].filter(Boolean).join();
  process.env.PROVIDER_JUDGE_URL = judge.url;
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const results = await evaluate(judge);
    const { embeddingModel } = await import('../shared/provider/config.ts');
    console.log(report(results, standin ? 'the stand-in' : (embeddingModel()?.name ?? 'no model')));
    if (values.json) await writeFile(values.json, `${JSON.stringify(results.map(plain), null, 2)}\n`);
    return 0;
  } finally {
    await stop();
    await judge.stop();
    await standin?.stop();
    await redis.stop();
    await database.stop();
  }
}

async function evaluate(judge: ScriptedJudge): Promise<Results[]> {
  const { migrate } = await import('../db/migrate.ts');
  const { measure } = await import('./eval/ways.ts');
  await migrate();
  const wanted = DOMAINS.filter((name) => values.domain === undefined || values.domain === name);
  if (wanted.length === 0) throw new Error(`--domain must be one of ${DOMAINS.join(', ')}`);
  const results: Results[] = [];
  for (const name of wanted) {
    const domain = inLanguage(await readDomain(name), values.language);
    results.push({ domain, ways: await measure(domain, judge) });
  }
  return results;
}

function plain({ domain: { name, developed }, ways }: Results): object {
  return { domain: name, developed, ways };
}

function fail(error: Error): number {
  console.error(`npm run eval: ${error.message}`);
  return 1;
}
