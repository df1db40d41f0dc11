import { expect } from 'chai';
import { DOMAINS, inLanguage, type Labelled, readDomain, UNANSWERABLE } from '../../lab/eval/domains.ts';
import { score } from '../../lab/eval/measure.ts';

describe('npm run eval', () => {
  for (const name of DOMAINS) {
    it(`asks at least 120 questions about every FAQ of ${name}, each once`, async () => {
      const { faqs, questions } = await readDomain(name);
      expect(faqs.length).to.be.at.least(34);
      expect(questions.length).to.be.at.least(120);
      const asked = new Set(questions.flatMap(({ topics }) => topics.flat()));
      expect(faqs.filter(({ slug }) => !asked.has(slug))).to.deep.equal([]);
      const alone = questions.filter(({ before }) => before.length === 0);
      expect(new Set(alone.map(({ question }) => question)).size).to.equal(alone.length);
    });

    it(`asks ${name} paraphrases, typos, other words, follow-ups and unanswerable questions in two languages`, async () => {
      const { questions } = await readDomain(name);
      const kinds = new Set(questions.map(({ kind, language }) => `${kind} ${language}`));
      for (const kind of ['paraphrase', 'typo', 'other_words', 'follow_up', ...UNANSWERABLE])
        for (const language of ['en', 'de']) expect([...kinds]).to.include(`${kind} ${language}`);
    });
  }

  it('asks the second domain every kind, often enough to tell', async () => {
    const { questions } = await readDomain('library');
    const count = (kind: string) => questions.filter((asked) => asked.kind === kind).length;
    for (const kind of ['short', 'story', 'two_topics', 'other_language'])
      expect(count(kind)).to.be.at.least(8);
    for (const [kind, least] of [
      ['follow_up', 15],
      ['far', 20],
      ['near', 20],
    ] as const)
      expect(count(kind)).to.be.at.least(least);
  });

  it('asks in one language alone what FAQs of that language answer', async () => {
    const { faqs, questions } = inLanguage(await readDomain('library'), 'en');
    expect(new Set([...faqs, ...questions].map(({ language }) => language))).to.deep.equal(new Set(['en']));
    const slugs = faqs.map(({ slug }) => slug);
    for (const { topics, question } of questions)
      for (const right of topics) expect(slugs, question).to.include.oneOf(right);
    for (const kind of ['follow_up', ...UNANSWERABLE])
      expect(questions.map((asked) => asked.kind)).to.include(kind);
  });

  it('counts its results', async () => {
    const ask = (question: string, topics: string[][], kind = 'typo'): Labelled => {
      return { question, topics, kind, language: 'en', before: [] };
    };
    const found: Record<string, string[]> = {
      first: ['a', 'b'],
      second: ['b', 'a'],
      sixth: ['b', 'c', 'd', 'e', 'f', 'a'],
      half: ['a'],
      fool: ['a'],
    };
    const asked = [
      ask('first', [['a']]),
      ask('second', [['a']]),
      ask('sixth', [['a']]),
      ask('none', [['a']]),
      ask('half', [['a'], ['b']], 'two_topics'),
      ask('fool', [], 'far'),
      ask('wise', [], 'far'),
    ];
    const scores = await score(asked, async ({ question }) => found[question] ?? []);
    expect(scores.typo).to.deep.equal({ questions: 4, recall: 0.5, mrr: 1.5 / 4, answered: 0.75 });
    expect(scores.two_topics?.recall).to.equal(0.5);
    expect(scores.far?.answered).to.equal(0.5);
    expect(scores.all?.questions).to.equal(5);
  });
});
