import { expect } from 'chai';
import { addWord, distance, emptyVocabulary, formsOf } from '../../shared/knowledge/mend.ts';

/** Returns the words that stand for the words of a text. */
function standing(text: string, ...known: string[]): string[] {
  const vocabulary = emptyVocabulary();
  for (const word of known) addWord(vocabulary, word);
  return formsOf(text, vocabulary).map(({ word, as }) => `${word} → ${as}`);
}

describe('the forms of a word', () => {
  it('are the known word one mistake away: missing, additional, wrong or swapped letters', () => {
    const mistakes = ['pasword', 'passsword', 'passwird', 'passwrod'];
    for (const typed of mistakes)
      expect(standing(typed, 'password', 'pastry')).to.deep.equal([`${typed} → password`]);
  });

  it('are found wherever the one mistake is', () => {
    const word = 'delivery';
    for (let i = 1; i < word.length; i += 1) {
      const [before, after] = [word.slice(0, i), word.slice(i)];
      const typed = [`${before}${after.slice(1)}`, `${before}x${after}`, `${before}x${after.slice(1)}`];
      for (const one of typed) expect(standing(one, word, 'pastry'), one).to.deep.equal([`${one} → ${word}`]);
    }
  });

  it('count less the shorter the word is', () => {
    const weight = (typed: string, known: string) => {
      const vocabulary = emptyVocabulary();
      addWord(vocabulary, known);
      return formsOf(typed, vocabulary)[0]?.weight ?? 0;
    };
    const [wipe, word, long] = [
      weight('wine', 'wipe'),
      weight('ordre', 'order'),
      weight('delivry', 'delivery'),
    ];
    expect(wipe).to.be.within(0.5, word);
    expect(word).to.be.below(long);
    expect(long).to.be.below(1);
  });

  it('may be two mistakes away from eight letters on, but not in the first letter', () => {
    expect(standing('convrsatoin', 'conversation')).to.deep.equal(['convrsatoin → conversation']);
    expect(standing('pasrod', 'password')).to.deep.equal([]);
    expect(standing('xonversatoin', 'conversation')).to.deep.equal([]);
  });

  it('are the nearest ones alone', () => {
    expect(standing('deliverry', 'delivery', 'deliverer')).to.deep.equal(['deliverry → delivery']);
  });

  it('never replace a known word or a short one', () => {
    expect(standing('rest', 'rest', 'reset')).to.deep.equal([]);
    expect(standing('cad', 'card')).to.deep.equal([]);
  });

  it('have the accents that the text lacks, and lack those that it has', () => {
    expect(standing('zurucksetzen', 'zurücksetzen')).to.deep.equal(['zurucksetzen → zurücksetzen']);
    expect(standing('réseau STRASSE', 'reseau', 'straße')).to.deep.equal([
      'réseau → reseau',
      'strasse → straße',
    ]);
  });

  it('are the parts of a compound, and the compounds of a part', () => {
    expect(standing('mitgliedsausweis', 'ausweis', 'mitglied')).to.deep.equal([
      'mitgliedsausweis → ausweis',
      'mitgliedsausweis → mitglied',
    ]);
    expect(standing('ausweis', 'ausweis', 'mitgliedsausweis')).to.deep.equal(['ausweis → mitgliedsausweis']);
  });

  it('are sought for a bounded number of words', () => {
    const text = Array.from(
      { length: 200 },
      (_, i) => `pasword${'abcdefghij'[i % 10]}${'klmnopqrstu'[i % 11]}`,
    );
    expect(standing(text.join(' '), 'password').length).to.be.at.most(8);
  });
});

describe('the distance of two words', () => {
  it('counts mistakes up to a limit', () => {
    expect(distance('ab', 'ba', 2)).to.equal(1);
    expect(distance('kitten', 'sitting', 3)).to.equal(3);
    expect(distance('kitten', 'sitting', 1)).to.be.above(1);
    expect(distance('same', 'same', 1)).to.equal(0);
  });
});
