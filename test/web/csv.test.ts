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
        const shown = rows
          .map((cells, i) => ({ line: i + 2, cells }))
          .filter(({ cells }) => cells.some((one) => one.trim() !== ''));
        expect(parseCsv(text)).to.deep.equal({ header: ['question', 'answer', 'keywords'], rows: shown });
      }),
    );
  });

  it('knows separators, line ends, a line sep= and quotes within', () => {
    expect(parseCsv('sep=;\r\nFrage;Antwort\r\n"a;""b""\r\nc";d\r\n\r\n')).to.deep.equal({
      header: ['Frage', 'Antwort'],
      rows: [{ line: 2, cells: ['a;"b"\r\nc', 'd'] }],
    });
    expect(parseCsv('\uFEFFq\ta\rx\ty').rows).to.deep.equal([{ line: 2, cells: ['x', 'y'] }]);
  });

  it('counts rows as spreadsheets show them: the header, blank rows and cells of many lines', () => {
    const { header, rows } = parseCsv('\r\nq,a\r\n"one\r\ntwo",x\r\n,\r\nthree,y\r\n');
    expect(header).to.deep.equal(['q', 'a']);
    expect(rows.map(({ line }) => line)).to.deep.equal([3, 5]);
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
        { line: 2, cells: ['Q?', ' A. ', 'x|y\\|z|', '5'] },
        { line: 4, cells: ['Q2?', '', '', 'high'] },
      ],
    };
    expect(itemsOf(sheet, ['question', 'answer', 'keywords', 'priority'])).to.deep.equal([
      { line: 2, question: 'Q?', answer: 'A.', keywords: ['x', 'y|z'], priority: 5 },
      { line: 4, question: 'Q2?', priority: 'high' },
    ]);
    expect(itemsOf(sheet, ['', 'answer', '', ''])).to.deep.equal([{ line: 2, answer: 'A.' }, { line: 4 }]);
  });

  it('takes a category by its name or its slug', () => {
    const rows = ['Shop & Co', 'shop', 'else'].map((cell, i) => ({ line: i + 2, cells: [cell] }));
    const items = itemsOf({ header: ['category'], rows }, ['category'], new Map([['shop & co', 'shop']]));
    expect(items.map(({ category }) => category)).to.deep.equal(['shop', 'shop', 'else']);
  });

  it('reads UTF-8, UTF-16 and what old spreadsheets write', () => {
    const bytes = (...list: number[]) => new Uint8Array(list);
    expect(decode(new TextEncoder().encode('ü'))).to.equal('ü');
    expect(decode(bytes(0xff, 0xfe, 0xfc, 0))).to.equal('ü');
    expect(decode(bytes(0xfe, 0xff, 0, 0xfc))).to.equal('ü');
    expect(decode(bytes(0xfc))).to.equal('ü');
  });
});
