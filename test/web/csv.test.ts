import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'csv-stringify/sync';
import { decode, guess, itemsOf, parseCsv } from '../../web/admin/pages/knowledge/csv.ts';

describe('the CSV of the panel', () => {
  it('reads back what a writer of CSV writes', () => {
    const cell = fc.string({ maxLength: 20 }).filter((text) => !text.includes('\uFEFF'));
    const sheet = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sheet, fc.constantFrom(',', ';', '\t'), (rows, delimiter) => {
        const text = stringify([['question', 'answer', 'keywords'], ...rows], { delimiter, quoted: true });
        const shown = rows.filter((row) => row.some((one) => one.trim() !== ''));
        expect(parseCsv(text)).to.deep.equal({ header: ['question', 'answer', 'keywords'], rows: shown });
      }),
    );
  });

  it('knows separators, line ends, a line sep= and quotes within', () => {
    expect(parseCsv('sep=;\r\nFrage;Antwort\r\n"a;""b""\r\nc";d\r\n\r\n')).to.deep.equal({
      header: ['Frage', 'Antwort'],
      rows: [['a;"b"\r\nc', 'd']],
    });
    expect(parseCsv('\uFEFFq\ta\rx\ty').rows).to.deep.equal([['x', 'y']]);
  });

  it('guesses what columns mean, each field once', () => {
    expect(guess(['Frage', ' ANSWER ', 'Meta Title', 'question', 'id'])).to.deep.equal([
      'question',
      'answer',
      'meta_title',
      '',
      '',
    ]);
  });

  it('makes items of the chosen columns', () => {
    const sheet = {
      header: ['a', 'b', 'c', 'd'],
      rows: [
        ['Q?', ' A. ', 'x|y\\|z|', '5'],
        ['Q2?', '', '', 'high'],
      ],
    };
    expect(itemsOf(sheet, ['question', 'answer', 'keywords', 'priority'])).to.deep.equal([
      { question: 'Q?', answer: 'A.', keywords: ['x', 'y|z'], priority: 5 },
      { question: 'Q2?', priority: 'high' },
    ]);
    expect(itemsOf(sheet, ['', 'answer', '', ''])).to.deep.equal([{ answer: 'A.' }, {}]);
  });

  it('reads UTF-8, UTF-16 and what old spreadsheets write', () => {
    const bytes = (...list: number[]) => new Uint8Array(list);
    expect(decode(new TextEncoder().encode('ü'))).to.equal('ü');
    expect(decode(bytes(0xff, 0xfe, 0xfc, 0))).to.equal('ü');
    expect(decode(bytes(0xfe, 0xff, 0, 0xfc))).to.equal('ü');
    expect(decode(bytes(0xfc))).to.equal('ü');
  });
});
