import { expect } from 'chai';
import { EVERYDAY } from '../../shared/knowledge/fillers.ts';
import { addWord, distance, emptyVocabulary, formsOf, mendEveryday } from '../../shared/knowledge/mend.ts';
import { searchedWords } from '../../shared/knowledge/search.ts';

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
    expect(standing('pay may', 'pan', 'may')).to.deep.equal([]);
  });

  it('are, of three letters, the known word with the last two swapped', () => {
    expect(standing('pya', 'pay', 'pea')).to.deep.equal(['pya → pay']);
    expect(standing('fur', 'für')).to.deep.equal(['fur → für']);
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

describe('an everyday word', () => {
  const knowing = (...known: string[]) => {
    const vocabulary = emptyVocabulary();
    for (const word of known) addWord(vocabulary, word);
    return vocabulary;
  };
  const meant = (text: string, ...known: string[]) => mendEveryday(text, EVERYDAY, knowing(...known));

  it('is read as it is meant: letters swapped or lost, or one wrong in a longer word', () => {
    expect(meant('waht is teh tiem, wich hours can I chnage whithout it?')).to.equal(
      'what is the time, which hours can I change without it?',
    );
    expect(meant('wie kann ich Termin löshcen und bezahlne')).to.equal(
      'wie kann ich Termin löschen und bezahlen',
    );
  });

  it('is no other word that happens to be like it', () => {
    for (const text of ["Mann, Milch, Oper and fish aren't", 'Lauch home match', 'dog cat bus 我想重置密码'])
      expect(meant(text)).to.equal(text);
  });

  it('gives way to a word of the knowledge base', () => {
    expect(meant('tired')).to.equal('tried');
    expect(meant('tired queit', 'tired', 'quiet')).to.equal('tired queit');
    expect(meant('waht', 'what')).to.equal('what');
  });

  it('counts as little as if it were written right', () => {
    const known = knowing('cabins');
    const { text, light } = searchedWords('waht tiem cabins', known);
    expect(text.trim().split(/\s+/)).to.deep.equal(['time', 'cabins']);
    expect(light).to.deep.equal(['time']);
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
