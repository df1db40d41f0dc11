import { expect } from 'chai';
import fc from 'fast-check';
import { personalIn, redact, redactUnknown } from '../../shared/knowledge/redact.ts';
import { whereToCut } from '../../workers/completion/windows.ts';

const NOBODY: ReadonlySet<string> = new Set();

describe('personal data in typography', () => {
  it('is removed with any spaces, dashes and digits that people and models write', () => {
    const cases = [
      ['Call +49\u00A0171\u00A02345678 now', 'Call [phone] now'],
      ['Call 030\u20131234567 now', 'Call [phone] now'],
      ['Card 4111\u00A01111\u00A01111\u00A01111.', 'Card [card].'],
      ['Card 4111\u20131111\u20131111\u20131111.', 'Card [card].'],
      ['Card 4111\u20111111\u20121111\u22121111.', 'Card [card].'],
      ['Card 41\u200B11 1111 1111 11\u00AD11.', 'Card [card].'],
      ['Card 4\uFE0F\u20E3111 1111 1111 1111.', 'Card [card].'],
      ['DE89\u202F3704\u202F0044\u202F0532\u202F0130\u202F00', '[account]'],
      ['ＤＥ８９　３７０４　００４４　０５３２　０１３０　００', '[account]'],
      ['電話：０３０－１２３４５６７', '電話：[phone]'],
      ['هاتف ٠٣٠ ١٢٣٤٥٦٧ شكرا', 'هاتف [phone] شكرا'],
      ['फ़ोन ०३० १२३४५६७', 'फ़ोन [phone]'],
      ['jane\u2060.doe＠example\u200D.com', '[e-mail]'],
      ['jose\u0301@example.com', '[e-mail]'],
      ['jean\u2013pierre@example.com', '[e-mail]'],
      ['Call us—030 1234567—today', 'Call us—[phone]—today'],
      ['Call us—030\u00A01234567—today', 'Call us—[phone]—today'],
      ['Footnote 4111 1111 1111 1111¹', 'Footnote [card]¹'],
    ] as const;
    for (const [text, left] of cases) expect(redactUnknown(text, NOBODY), text).to.equal(left);
    for (const [text] of cases) expect(redact(text), text).not.to.match(/1234567|1111|3704|@|＠|４|１/);
  });

  it('is not imagined: other text stays unchanged', () => {
    const harmless = [
      'Öffnungszeiten 10–12 Uhr, 5 % ½ ² ﬁn… 👩‍👩‍👧 e\u0301 \uD83D',
      'Bestellung 4111\u00A01111\u00A01111\u00A01112 vom 22.\u00A011.\u00A02024',
      'من ١٠ إلى ٢٠',
    ];
    for (const text of harmless) expect(redactUnknown(text, NOBODY)).to.equal(text);
  });

  it('stays when the passages contain it in another typography', () => {
    const known = personalIn(['Call 030\u2013123\u00A04567 or write to info＠example.com']);
    const said = 'Call 030 1234567 or 030\u2011123\u20114567, info@example.com or info＠example.com';
    expect(redactUnknown(said, known)).to.equal(said);
  });

  /** Ways to write the same: a plain form, and characters that may stand for its own. */
  const SECRETS = [
    ['[phone]', '+49 171 2345678'],
    ['[phone]', '030 1234567'],
    ['[phone]', '(555) 123-4567'],
    ['[card]', '4111 1111 1111 1111'],
    ['[card]', '5500-0000-0000-0004'],
    ['[account]', 'DE89 3704 0044 0532 0130 00'],
    ['[e-mail]', 'jane.doe@example.com'],
  ] as const;
  const SPACES = [...' \u00A0\u2002\u2007\u2009\u202F\u3000\t'];
  const DASHES = [...'-\u2010\u2011\u2012\u2013\u2014\u2212\uFE63\uFF0D'];
  const INVISIBLE = ['', '', '', '', '\u200B', '\u00AD', '\u2060', '\uFEFF', '\u200E', '\uFE0F', '\u{E0001}'];
  const ZEROS = [0x30, 0x30, 0xff10, 0x660, 0x6f0, 0x966, 0x1d7ce];
  const look = (character: string): string[] => {
    if (character === ' ') return SPACES;
    if (character === '-') return DASHES;
    if (/\d/.test(character)) return ZEROS.map((zero) => String.fromCodePoint(zero + Number(character)));
    const wide = String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0);
    return character === '.' ? ['.'] : [character, wide];
  };
  const dressed = (plain: string): fc.Arbitrary<string> =>
    fc
      .tuple(
        ...[...plain].map((character) =>
          fc.tuple(fc.constantFrom(...look(character)), fc.constantFrom(...INVISIBLE)),
        ),
      )
      .map((pieces) => pieces.map(([shown, after]) => shown + after).join(''));

  it('is found in every spelling whose plain form would be found', () => {
    for (const [name, plain] of SECRETS) {
      expect(redactUnknown(`so ${plain} it is`, NOBODY)).to.equal(`so ${name} it is`);
      fc.assert(
        fc.property(dressed(plain), (secret) => {
          expect(redactUnknown(`so ${secret} it is`, NOBODY)).to.equal(`so ${name} it is`);
          expect(redact(`so ${secret} it is`)).to.equal(`so ${name} it is`);
        }),
        { numRuns: 300 },
      );
    }
  });

  it('leaves no rest that its plain form would show, and splits no character', () => {
    const piece = fc.oneof(
      fc.constantFrom(...SECRETS).chain(([, plain]) => dressed(plain)),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom(' ', '\n', '\u200B', '\u0301', '½', '👩‍👩‍👧', '７', '–', '.', '('),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        for (const left of [redactUnknown(text, NOBODY), redact(text)]) {
          expect(left.isWellFormed()).to.equal(true);
          // What is left equals the original, in order, except for the names of what was removed.
          const parts = left.split(/\[(?:e-mail|phone|card|account)\]/);
          let from = 0;
          for (const part of parts) {
            from = text.indexOf(part, from);
            expect(from).to.be.at.least(0);
            from += part.length;
          }
        }
        const once = redact(text);
        expect(redact(once)).to.equal(once);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not split by the windows of the guard', () => {
    const cut = (text: string, stalled = false) => text.slice(0, whereToCut(text, stalled));
    expect(cut('Call 030.\u200B 12')).to.equal('');
    expect(cut('Call ٠٣٠. ١٢')).to.equal('');
    expect(cut('So. ＠')).to.equal('');
    expect(cut('jane \u200B＠ exa', true)).to.equal('');
    expect(cut('call +49\u00A030\u2013123', true)).to.equal('call ');
  });

  it('is found in time linear in the text', () => {
    for (const piece of ['\u200B', '\u0301', '1\u00A0', '–', '１', '½', 'e\u0301', '4111\u00A0', '👩‍👩‍👧']) {
      const text = piece.repeat(100_000 / piece.length);
      expect(redactUnknown(text, NOBODY)).to.be.a('string');
      expect(redact(text)).to.be.a('string');
      expect(whereToCut(`${'. '.repeat(10_000)}${text}`)).to.be.a('number');
    }
  }).timeout(60_000);
});
