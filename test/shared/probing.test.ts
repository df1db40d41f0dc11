import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { hasSubject, lightWords, withoutFillers } from '../../shared/knowledge/fillers.ts';
import { thresholdsOf } from '../../shared/knowledge/offTopic.ts';
import { clausesOf, sentencesOf } from '../../shared/prompt/query.ts';

describe('thresholds', () => {
  it('stop nineteen of twenty off-topic questions, by similarity and by words', () => {
    // Heads among fourteen coins, for each way that they may fall: a bell.
    const heads = Array.from({ length: 2 ** 14 }, (_, i) => i.toString(2).replaceAll('0', '').length / 14);
    const reached = heads.map((share) => ({ similarity: share / 2, coverage: share }));
    const { similarity, coverage } = thresholdsOf(reached);
    const passed = (least: number) => heads.filter((share) => share >= least).length / heads.length;
    for (const least of [2 * similarity, coverage]) expect(passed(least)).to.be.within(0.02, 0.05);
  });

  it('do not move for one question in twenty that is about the knowledge base by chance', () => {
    const usual = Array.from({ length: 60 }, (_, i) => ({ similarity: 0.1 + i / 300, coverage: 0.2 }));
    const byChance = usual.map((one, i) => (i < 57 ? one : { similarity: 0.9, coverage: 1 }));
    expect(thresholdsOf(byChance)).to.deep.equal(thresholdsOf(usual));
  });

  it('never count a single common word as an answer', () => {
    const reached = Array.from({ length: 20 }, () => ({ similarity: -0.25, coverage: 0 }));
    expect(thresholdsOf(reached)).to.deep.equal({ similarity: -0.25, coverage: 0.15 });
  });

  it('are measured with every probe once', () => {
    const file = new URL('../../shared/knowledge/probes.json', import.meta.url);
    const probes = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>;
    for (const texts of Object.values(probes)) expect(new Set(texts).size).to.equal(texts.length);
    expect([probes.en?.length, probes.de?.length]).to.deep.equal([120, 120]);
  });
});

describe('a question without its fillers', () => {
  it('keeps what it is about', () => {
    expect(withoutFillers('Hello, could you please tell me the opening hours?').match(/\w+/g)).to.deep.equal([
      'opening',
      'hours',
    ]);
    expect(withoutFillers('Ich möchte bitte meinen Ausweis verlängern').match(/[\wäöü]+/g)).to.deep.equal([
      'Ausweis',
      'verlängern',
    ]);
  });

  it('stays whole where it has nothing else', () => {
    expect(withoutFillers('Could you please?')).to.equal('Could you please?');
  });

  it('tells words of any question from its subject', () => {
    expect(lightWords('How do I reset my router?')).to.deep.equal(['reset']);
    expect(hasSubject('Whom do I call?')).to.equal(false);
    expect(hasSubject('when are visiting hours')).to.equal(true);
    expect(hasSubject('我想重置密码')).to.equal(true);
  });
});

describe('the clauses of a question', () => {
  it('are searched apart where it asks for several things', () => {
    expect(clausesOf('Where can I park, and when are visiting hours?')).to.deep.equal([]);
    expect(clausesOf('Is parking free here and when are visiting hours?')).to.deep.equal([
      'Is parking free here',
      'when are visiting hours',
    ]);
    expect(clausesOf('How do I return a book?')).to.deep.equal([]);
    expect(clausesOf('Is the delivery price 29.99 dollars everywhere in town?')).to.deep.equal([]);
  });

  it('are three at most, of any length, and cost little', () => {
    const long = 'visiting hours and parking places, '.repeat(460);
    const began = process.cpuUsage();
    expect(clausesOf(long)).to.have.length(3);
    expect(sentencesOf(`${'visiting hours and parking! '.repeat(570)}`, 'en').length).to.be.within(2, 3);
    for (const text of ['a'.repeat(16_000), ' '.repeat(16_000), ', '.repeat(8_000), "a'".repeat(8_000)]) {
      clausesOf(text);
      withoutFillers(text);
      hasSubject(text);
    }
    expect(process.cpuUsage(began).user).to.be.lessThan(5_000_000);
  });
});
