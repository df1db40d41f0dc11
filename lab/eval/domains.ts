import { readFile } from 'node:fs/promises';
import { faqs as seeded } from '../../db/seeds/faqs.ts';

export type DomainFaq = {
  slug: string;
  language: string;
  question: string;
  answer: string;
  keywords: string[];
};
/** A labelled question. */
export type Labelled = {
  question: string;
  /** Language of the question. */
  language: string;
  kind: string;
  /**
   * What it asks about: for each topic the FAQs of which one answers it. Empty: no FAQ answers, and the search must find none.
   */
  topics: string[][];
  /** Earlier turns of the dialogue, oldest first: the question, and the FAQ that answered it. */
  before: { question: string; slug: string }[];
};
/**
 * A knowledge base with labelled questions. developed: settings of the search or of the stand-in were chosen with a look at what
 * is found for its questions.
 */
export type Domain = {
  name: string;
  developed: boolean;
  faqs: DomainFaq[];
  questions: Labelled[];
};

/**
 * Names of the domains: Parley's seeded FAQs, a public library, a clinic, a municipal utility, a bicycle shop, a garden house, a campsite, a
 * removals firm, a music school.
 */
export const DOMAINS = [
  'demo',
  'library',
  'clinic',
  'utility',
  'shop',
  'garden',
  'campsite',
  'removals',
  'music',
] as const;

/** The domains with a look at which settings were chosen. A new one is not among them. */
const DEVELOPED: readonly string[] = ['demo', 'library', 'clinic', 'utility', 'shop', 'garden', 'campsite'];

/** Kinds of questions that no FAQ answers: about something else, and about the same things. */
export const UNANSWERABLE = ['far', 'near'] as const;

type QuestionFile = {
  answerable: Record<string, Record<string, string[]>>;
  two_topics?: Several[];
  other_language?: Several[];
  follow_up?: (Several & { before: [question: string, slug: string][] })[];
  far: Record<string, string[]>;
  near: Record<string, string[]>;
};
type Several = { language: string; question: string; slugs: string[] };

/** Reads a domain. @throws Error where a label names no FAQ */
export async function readDomain(name: (typeof DOMAINS)[number]): Promise<Domain> {
  const faqs = name === 'demo' ? seeded : await readJson<DomainFaq[]>(`${name}/faqs.json`);
  const questions = questionsOf(await readJson<QuestionFile>(`${name}/questions.json`), faqs);
  return { name, developed: DEVELOPED.includes(name), faqs, questions };
}

/** Returns what of a domain is in one language: its FAQs, and the questions that these answer or none; undefined: all. */
export function inLanguage(domain: Domain, language: string | undefined): Domain {
  if (language === undefined) return domain;
  const faqs = domain.faqs.filter((faq) => faq.language === language);
  const slugs = new Set(faqs.map(({ slug }) => slug));
  const isKept = ({ language: own, topics, before }: Labelled) =>
    own === language &&
    topics.every((right) => right.some((slug) => slugs.has(slug))) &&
    before.every(({ slug }) => slugs.has(slug));
  return { ...domain, faqs, questions: domain.questions.filter(isKept) };
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')) as T;
}

function questionsOf(file: QuestionFile, faqs: DomainFaq[]): Labelled[] {
  const languages = new Map(faqs.map(({ slug, language }) => [slug, language]));
  const simple = Object.entries(file.answerable).flatMap(([slug, kinds]) =>
    Object.entries(kinds).flatMap(([kind, questions]) =>
      questions.map((question) => {
        return { question, language: languages.get(slug) ?? '', kind, topics: [[slug]], before: [] };
      }),
    ),
  );
  const two = (file.two_topics ?? []).map(({ slugs, ...asked }) => {
    return { ...asked, kind: 'two_topics', topics: slugs.map((slug) => [slug]), before: [] };
  });
  const other = (file.other_language ?? []).map(({ slugs, ...asked }) => {
    return { ...asked, kind: 'other_language', topics: [slugs], before: [] };
  });
  const follow = (file.follow_up ?? []).map(({ slugs, before, ...asked }) => {
    const turns = before.map(([question, slug]) => ({ question, slug }));
    return { ...asked, kind: 'follow_up', topics: [slugs], before: turns };
  });
  const none = UNANSWERABLE.flatMap((kind) =>
    Object.entries(file[kind]).flatMap(([language, questions]) =>
      questions.map((question) => ({ question, language, kind, topics: [], before: [] })),
    ),
  );
  const all: Labelled[] = [...simple, ...two, ...other, ...follow, ...none];
  const named = all.flatMap(({ topics, before }) => [...topics.flat(), ...before.map(({ slug }) => slug)]);
  const unknown = named.find((slug) => !languages.has(slug));
  if (unknown !== undefined) throw new Error(`no FAQ has the slug ${unknown}`);
  return all;
}
