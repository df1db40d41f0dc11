import { Readable } from 'node:stream';
import { expect } from 'chai';
import { readText } from '../../shared/knowledge/import/text.ts';
import { knex } from '../../db/knex.ts';
import type { Api } from '../support/api.ts';
import type { BuiltUser } from '../support/factories.ts';
import { bringImport, serveImports } from '../support/imports.ts';

/** What Excel and browsers on Windows send for a sheet of FAQs. */
describe('spreadsheets of FAQs', () => {
  let api: Api;
  let agent: BuiltUser;
  serveImports((begun) => ({ api, agent } = begun));

  const bring = (body: string | Buffer, type = 'text/csv') =>
    bringImport(api, agent, new Uint8Array(Buffer.from(body)), { type });
  const faqs = () =>
    knex('faqs').orderBy('id').select('question', 'answer', 'language', 'priority', 'keywords');
  const exported = async (query = '') => {
    const answer = await fetch(`${api.url}/api/v1/faqs/export${query}`, {
      headers: { authorization: `Bearer ${agent.access}` },
    });
    return Buffer.from(await answer.arrayBuffer());
  };

  const SHEET =
    'question;answer;language;priority\r\n"Wo; genau?";"Zürich\n– 5 €";de;3\r\nÇa va?;Oui;fr;\r\n';
  const ROWS = [
    { question: 'Wo; genau?', answer: 'Zürich\n– 5 €', language: 'de', priority: 3, keywords: [] },
    { question: 'Ça va?', answer: 'Oui', language: 'fr', priority: 0, keywords: [] },
  ];
  const tabs = SHEET.replaceAll(/;(?! )/g, '\t');
  const windows = (text: string) =>
    Buffer.from(text.replaceAll('€', '\u0080').replaceAll('–', '\u0096'), 'latin1');
  const le = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');
  const be = (text: string) => le(text).swap16();

  const files: Record<string, string | Buffer> = {
    'UTF-8 with semicolons': SHEET,
    'UTF-8 with a byte order mark': `\uFEFF${SHEET}`,
    'a line that names the separator': `sep=;\r\n${SHEET}`,
    'a byte order mark before it, in quotes': `\uFEFF"sep=;"\r\n${SHEET}`,
    'a separator of its own': `sep=^\r\n${SHEET.replaceAll(/;(?! )/g, '^')}`,
    'tabs, as UTF-16LE': le(tabs),
    'tabs, as UTF-16BE': be(tabs),
    'the name of a tab in UTF-16LE': le(`sep=\t\r\n${tabs}`),
    'Windows-1252': windows(SHEET),
    commas: SHEET.replaceAll(/;(?! )/g, ','),
    'line feeds': SHEET.replaceAll('\r\n', '\n'),
    'carriage returns': SHEET.replaceAll('\r\n', '\r'),
    'a header in quotes and capitals': SHEET.replace('question;answer', '"Question ";ANSWER'),
    'blank lines': SHEET.replaceAll('\r\n', '\r\n;;;\r\n\r\n  ;\t;;\r\n'),
    'blank lines first': `\r\n;;;\r\n${SHEET}`,
    'blank columns': SHEET.replaceAll(/(?<=\w|;)\r\n/g, ';;;\r\n'),
    'a blank column first': SHEET.replaceAll(/^(?=question|"Wo|Ça)/gm, ';'),
    'no separators after the last value': SHEET.replace('fr;', 'fr'),
  };
  for (const [name, file] of Object.entries(files)) {
    it(`are imported with ${name}`, async () => {
      expect(await bring(file)).to.deep.include({ total: 2, imported: 2, failed: 0, errors: [] });
      expect(await faqs()).to.deep.equal(ROWS);
    });
  }

  const types = ['text/csv; charset=utf-8', 'text/csv;charset=windows-1252', 'application/vnd.ms-excel'];
  for (const type of [
    ...types,
    'text/plain',
    'application/octet-stream',
    'application/csv',
    'Text/CSV',
    '',
  ]) {
    it(`are imported as ${type || 'no type'}`, async () => {
      expect(await bring(windows(SHEET), type)).to.deep.include({ total: 2, imported: 2 });
      expect(await faqs()).to.deep.equal(ROWS);
    });
  }

  it('are read alike, wherever the network cuts them', async () => {
    for (const file of [SHEET, `\uFEFF${SHEET}`, le(tabs), be(tabs), windows(SHEET), windows('x'), 'é', '']) {
      const bytes = Buffer.from(file);
      const read = (size: number) => {
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        return Array.fromAsync(readText(Readable.from(pieces), 'any')).then((texts) => texts.join(''));
      };
      const whole = await read(1_000);
      for (const size of [1, 2, 3, 5, 7]) expect(await read(size)).to.equal(whole);
      if (bytes.length > 9) expect(whole.replaceAll('\t', ';')).to.equal(SHEET);
    }
  });

  it('are read in the encoding of their content type', async () => {
    const polish = Buffer.from([0x5a, 0xb3, 0x6f, 0x74, 0x79]);
    const file = Buffer.concat([Buffer.from('question,answer\r\n'), polish, Buffer.from(',x')]);
    await bring(file, 'text/csv; charset=windows-1250');
    expect((await faqs())[0]).to.include({ question: 'Złoty' });
  });

  it('may be JSON under any content type', async () => {
    for (const type of ['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded'])
      expect(await bring('\n [{"question":"é?","answer":"b"}]', type)).to.deep.include({ imported: 1 });
  });

  it('report faults by the line numbers of the sheet', async () => {
    const file =
      'sep=;\r\nquestion;answer;;priority\r\n;;;\r\na;b;stray;\r\nc;;;\r\nd;e;;high\r\ng;h;;1;more\r\nf\r\n';
    const { errors, ...rest } = await bring(file);
    expect(rest).to.deep.include({ total: 5, imported: 0, failed: 5 });
    const said = (errors as { line: number; errors: { message: string }[] }[]).map(
      ({ line, errors: [first] }) => `${line} ${first?.message}`,
    );
    expect(said.map((one) => Number.parseInt(one))).to.deep.equal([4, 5, 6, 7, 8]);
    expect(said[0]).to.equal('4 has a value in a column without a name');
    expect(said[3]).to.equal('7 must be 4 fields, not 5');
    expect(said[4]).to.equal('8 must be 4 fields, not 1');
  });

  const refused: [name: string, body: string | Buffer, detail: RegExp, type?: string][] = [
    [
      'a workbook',
      Buffer.from('PK\u0003\u0004\u0014\u0000', 'latin1'),
      /save it as CSV/,
      'application/vnd.ms-excel',
    ],
    [
      'a picture',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]),
      /not UTF-8 and not windows-1252/,
    ],
    [
      'broken UTF-8',
      Buffer.concat([Buffer.from('question,answer\né,b\n'), Buffer.from([0xe9, 0x2c])]),
      /not UTF-8/,
    ],
    [
      'half a character of UTF-16',
      Buffer.concat([le('question,answer\na,b'), Buffer.from([0x41])]),
      /not UTF-8 and not utf-16le/,
    ],
    ['an encoding that does not exist', 'question,answer\na,b', /charset/, 'text/csv; charset=klingon'],
    ['a header in another language', 'Frage;Antwort\na;b', /Line 1 lacks the column question/],
    ['a sheet of blank lines', ';;\r\n;;\r\n', /empty/],
    ['white space alone', ' '.repeat(200_000), /empty/],
  ];
  for (const [name, body, detail, type = 'text/csv'] of refused) {
    it(`are refused: ${name}`, async () => {
      const answer = await api.call('POST', '/faqs/import', new Uint8Array(Buffer.from(body)), {
        token: agent.access,
        headers: { 'content-type': type },
      });
      expect([answer.status, answer.body.code]).to.deep.equal([400, 'validation_failed']);
      expect(answer.body.detail).to.match(detail);
      expect(await knex('faq_imports').pluck('id')).to.deep.equal([]);
    });
  }

  it('are exported for Excel, and come back unchanged', async () => {
    const hard = {
      question: 'What; "is", it\tthen?',
      answer: 'é\r\n漢字 😀\rend \n',
      keywords: ['a|b', 'back\\slash', '\\', '|', 'plain'],
      priority: -4,
      slug: 'hard',
      language: 'de',
      meta_title: ' spaces ',
    };
    await knex('faqs').insert([hard, { question: 'x?', answer: 'y', slug: 'easy' }]);
    const before = await faqs();
    for (const [query, separator] of [
      ['', ','],
      ['?separator=comma', ','],
      ['?separator=semicolon', ';'],
      ['?separator=tab', '\t'],
    ] as const) {
      const file = await exported(query);
      expect([...file.subarray(0, 3)]).to.deep.equal([0xef, 0xbb, 0xbf]);
      expect(file.toString().slice(1)).to.match(
        new RegExp(`^question${separator}answer${separator}category`),
      );
      await knex('faqs').delete();
      expect(await bring(file)).to.deep.include({ imported: 2, failed: 0 });
      expect(await faqs()).to.deep.equal(before);
    }
  });

  it('are exported with a known separator only', async () => {
    expect(JSON.parse((await exported('?separator=x')).toString())).to.include({ code: 'validation_failed' });
  });
});
