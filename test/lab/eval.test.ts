import { expect } from 'chai';
import { faqs } from '../../db/seeds/faqs.ts';
import { type Labelled, readQuestions, score } from '../../lab/eval/measure.ts';

describe('npm run eval', () => {
  it('asks at least two hundred questions of every kind, about every seeded FAQ', async () => {
    const questions = await readQuestions(new Map(faqs.map(({ slug, language }) => [slug, language])));
    expect(questions.length).to.be.at.least(200);
    const kinds = new Set(questions.map(({ kind, language }) => `${kind} ${language}`));
    for (const kind of ['paraphrase', 'typo', 'other_words', 'unanswerable'])
      for (const language of ['en', 'de']) expect([...kinds]).to.include(`${kind} ${language}`);
    const asked = new Set(questions.map(({ slug }) => slug));
    expect(faqs.filter(({ slug }) => !asked.has(slug))).to.deep.equal([]);
    expect(new Set(questions.map(({ question }) => question)).size).to.equal(questions.length);
  });

  it('counts its results', async () => {
    const ask = (question: string, slug: string | null): Labelled => ({
      question,
      slug,
      language: 'en',
      kind: '',
    });
    const found: Record<string, number[]> = {
      first: [1, 2],
      second: [2, 1],
      sixth: [2, 3, 4, 5, 6, 1],
      fool: [1],
    };
    const result = await score(
      [
        ask('first', 'a'),
        ask('second', 'a'),
        ask('sixth', 'a'),
        ask('none', 'a'),
        ask('fool', null),
        ask('wise', null),
      ],
      new Map(),
      new Map([[1, 'a']]),
      async ({ question }) =>
        (found[question] ?? []).map((id) => ({ id, question, answer: '', language: 'en', similarity: 1 })),
    );
    expect(result).to.deep.equal({ recall: 0.5, mrr: 1.5 / 4, falseAnswers: 0.5 });
  });
});
