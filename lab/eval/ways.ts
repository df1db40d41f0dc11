import { knex } from '../../db/knex.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import type { HistoryMessage } from '../../db/models/message.ts';
import type { EmbeddingSet } from '../../db/models/embeddingSet.ts';
import { env } from '../../shared/base/env.ts';
import { configure } from '../../shared/provider/config.ts';
import { searchedWords } from '../../shared/knowledge/search.ts';
import { embedFor } from '../../shared/knowledge/vectors.ts';
import { forgetWords, vocabulary } from '../../shared/knowledge/vocabulary.ts';
import { choose } from '../../shared/prompt/choose.ts';
import { decideContext } from '../../shared/prompt/decide.ts';
import { findPassages } from '../../shared/prompt/retrieval.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import type { ScriptedJudge } from './judge.ts';
import type { Domain, DomainFaq, Labelled } from './domains.ts';
import { type Score, score, type Way } from './measure.ts';
import { calibrate, measure as measureThresholds } from '../../workers/housekeeping/thresholds.ts';

/** Fills the database with a domain, and measures each way of searching it. */
export async function measure(
  domain: Domain,
  judge: ScriptedJudge,
): Promise<Record<string, Record<string, Score>>> {
  const slugs = await fill(domain.faqs);
  const asker = await addAsker();
  judge.know(domain, slugs);
  const ways: Record<string, Way> = {
    ...(await rankings(domain.questions, slugs)),
    thresholds: asRunsDo(asker, domain.faqs, slugs),
    judged: withJudge(asker, domain.faqs, slugs),
  };
  const scores: Record<string, Record<string, Score>> = {};
  for (const [name, way] of Object.entries(ways)) scores[name] = await score(domain.questions, way);
  return scores;
}

type Slugs = Map<number, string>;

/** Replaces all FAQs, and embeds them. @returns the slug of each by its id */
async function fill(faqs: DomainFaq[]): Promise<Slugs> {
  await knex('faqs').delete();
  forgetWords();
  const added: { id: number; slug: string }[] = await knex('faqs')
    .insert(
      faqs.map(({ slug, language, question, answer, keywords }) =>
        published({ slug, language, question, answer, keywords }),
      ),
    )
    .returning(['id', 'slug']);
  await embedFaqs(added.map(({ id }) => id));
  await measureThresholds();
  const { vectors } = await faqSet();
  // Housekeeping waits a minute between two knowledge bases.
  if (vectors !== null) await calibrate(vectors);
  return new Map(added.map(({ id, slug }) => [id, slug]));
}

function published(faq: DomainFaq): object {
  return { ...faq, status: 'published', published_at: new Date() };
}

/** The ranking alone: by vector, by words, by both, without thresholds. */
async function rankings(questions: Labelled[], slugs: Slugs): Promise<Record<string, Way>> {
  const faqs = await faqSet();
  const { vectors: set } = faqs;
  const known = await vocabulary(faqs);
  const vectors = set === null ? new Map<string, number[]>() : await embedAll(questions, set);
  const by =
    (byVector: boolean, byWords: boolean): Way =>
    async ({ question, language }) => {
      const found = await searchFaqs({
        ...searchedWords(byWords ? question : '', known),
        vectors: set && byVector ? [{ model: set.key, vector: vectors.get(question) ?? [] }] : [],
        language,
        limit: 5,
        similarity: -1,
        coverage: 0,
      });
      return found.map(({ id }) => slugs.get(id) ?? '');
    };
  return { vector: by(true, false), words: by(false, true), fused: by(true, true) };
}

/** The context stage, with its thresholds and the dialogue's history. */
function asRunsDo(user_id: number, faqs: DomainFaq[], slugs: Slugs): Way {
  const answers = new Map(faqs.map(({ slug, answer }) => [slug, answer]));
  return async ({ question, language, before }) => {
    const asked = { user_id, question, language, created_at: new Date(), assistant: null };
    const { built } = await decideContext(asked, async () => history(before, answers));
    return built.passages.map(({ faq_id }) => slugs.get(faq_id) ?? '');
  };
}

/** ANSWER_CHECK=model, with the scripted judge in the place of QUERY_MODEL for the verdict alone. */
function withJudge(user_id: number, faqs: DomainFaq[], slugs: Slugs): Way {
  const answers = new Map(faqs.map(({ slug, answer }) => [slug, answer]));
  return async ({ question, language, before }) => {
    const asked = { user_id, question, language, created_at: new Date(), assistant: null };
    const said = history(before, answers);
    const [check, model] = [env.ANSWER_CHECK, process.env.QUERY_MODEL ?? ''];
    use('model', model);
    try {
      const found = await findPassages({ user_id, question, language, history: Promise.resolve(said) });
      use('model', 'judge/scripted');
      const { passages } = await choose(asked, found, said);
      return passages.map(({ faq_id }) => slugs.get(faq_id) ?? '');
    } finally {
      use(check, model);
    }
  };
}

function use(check: string, queryModel: string): void {
  Object.assign(env, { ANSWER_CHECK: check });
  process.env.QUERY_MODEL = queryModel;
  configure();
}

/** Returns a dialogue as the history of a run has it: newest first. No row has these ids. */
function history(before: Labelled['before'], answers: Map<string, string>): HistoryMessage[] {
  const said = before.flatMap(({ question, slug }) => [
    { message_type: 'user' as const, content: question },
    { message_type: 'assistant' as const, content: answers.get(slug) ?? '' },
  ]);
  return said.map((message, i) => ({ ...message, id: -1 - i, tokens_used: null })).reverse();
}

async function addAsker(): Promise<number> {
  const name = `eval-${crypto.randomUUID()}`;
  const [row] = await knex('users')
    .insert({ email: `${name}@parley.local`, username: name, hashed_password: '-', gdpr_consent: true })
    .returning('id');
  return Number(row?.id);
}

async function embedAll(questions: Labelled[], set: EmbeddingSet): Promise<Map<string, number[]>> {
  const texts = [...new Set(questions.map(({ question }) => question))];
  const vectors = new Map<string, number[]>();
  for (let i = 0; i < texts.length; i += 256) {
    const batch = texts.slice(i, i + 256);
    const found = await embedFor(set, batch, 'query');
    for (const [k, text] of batch.entries()) vectors.set(text, found[k] ?? []);
  }
  return vectors;
}
