/**
 * The context stage's decision in one process, with and without query stage and answer check, one question at a time and
 * without queue. Fills the database with the clinic of `npm run eval`. {times} → Contexts.
 */
import { knex } from '../../../db/knex.ts';
import type { HistoryMessage } from '../../../db/models/message.ts';
import { env } from '../../../shared/base/env.ts';
import { configure } from '../../../shared/provider/config.ts';
import { redis, untilReady } from '../../../shared/delivery/redis.ts';
import { decideContext } from '../../../shared/prompt/decide.ts';
import { embedFaqs } from '../../../workers/embedding.ts';
import { calibrate, measure } from '../../../workers/housekeeping/thresholds.ts';
import { faqSet } from '../../../db/models/faqSearch.ts';
import { type Labelled, readDomain } from '../../eval/domains.ts';
import { median } from '../load.ts';

/** What a question needs: nothing, a query because its hit is weak, or one because a conversation is before it. */
export type Kind = 'strong' | 'weak' | 'follow_up';
/** Median ms without either, with the query stage, and with the answer check as well. */
export type Ways = Record<'without' | 'queries' | 'check', number>;
export type Contexts = Record<Kind, Ways>;

const SETTINGS: Record<keyof Ways, [check: string, queryModel: string]> = {
  without: ['cited', 'off'],
  queries: ['cited', ''],
  check: ['model', ''],
};
/** Stops sorting at this many questions of each kind. */
const ENOUGH = 10;
const KINDS: Kind[] = ['strong', 'weak', 'follow_up'];

/** Another process asks as other users: nothing that it kept serves here. */
let user = 1_000_000 * (1 + process.pid);
const domain = await readDomain('clinic');
await untilReady(redis);
await fill();
const questions = await byKind();
process.on('disconnect', () => process.exit());
process.on(
  'message',
  ({ times }: { times: number }) => void round(times).then((told) => process.send?.(told)),
);
process.send?.({ port: 0 });

async function fill(): Promise<void> {
  if ((await knex('faqs').first('id')) !== undefined) return;
  const faqs = domain.faqs.map((faq) => ({ ...faq, status: 'published', published_at: new Date() }));
  await knex('faqs').insert(faqs);
  await embedFaqs(await knex('faqs').pluck('id'));
  await measure();
  const { vectors } = await faqSet();
  if (vectors !== null) await calibrate(vectors);
}

/** Sorts the questions by what the stage says of them; this also warms it up. */
async function byKind(): Promise<Record<Kind, Labelled[]>> {
  const sorted: Record<Kind, Labelled[]> = { strong: [], weak: [], follow_up: [] };
  use('queries');
  for (const question of domain.questions) {
    if (KINDS.every((kind) => sorted[kind].length >= ENOUGH)) break;
    const why = (await decide(question)).built.searched?.why ?? 'strong';
    if (why === 'strong' || why === 'weak' || why === 'follow_up') sorted[why].push(question);
  }
  return sorted;
}

async function round(times: number): Promise<Contexts> {
  const taken = Object.fromEntries(
    KINDS.map((kind) => [kind, { without: [], queries: [], check: [] } as Record<keyof Ways, number[]>]),
  );
  for (let i = 0; i < times; i += 1)
    for (const kind of KINDS) {
      const all = questions[kind];
      const question = all[i % all.length] as Labelled;
      for (const way of Object.keys(SETTINGS) as (keyof Ways)[]) {
        use(way);
        const began = performance.now();
        await decide(question);
        taken[kind]?.[way].push(performance.now() - began);
      }
    }
  return Object.fromEntries(
    Object.entries(taken).map(([kind, ways]) => [
      kind,
      Object.fromEntries(Object.entries(ways).map(([way, ms]) => [way, median(ms)])),
    ]),
  ) as Contexts;
}

function use(way: keyof Ways): void {
  const [check, model] = SETTINGS[way];
  Object.assign(env, { ANSWER_CHECK: check });
  if (model === '') delete process.env.QUERY_MODEL;
  else process.env.QUERY_MODEL = model;
  configure();
}

/** Another user each time: caches serve their own user alone. */
function decide({ question, language, before }: Labelled) {
  user += 1;
  const asked = { user_id: user, question, language, created_at: new Date(), assistant: null };
  const history = before
    .flatMap(({ question: content }, i) => [
      { id: -1 - 2 * i, message_type: 'user' as const, content, tokens_used: 10 },
      { id: -2 - 2 * i, message_type: 'assistant' as const, content: 'As written.', tokens_used: 3 },
    ])
    .reverse();
  return decideContext(asked, async () => history satisfies HistoryMessage[]);
}
