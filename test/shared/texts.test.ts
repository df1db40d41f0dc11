import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { textIn } from '../../shared/texts/textIn.ts';

const FOLDER = new URL('../../shared/texts/', import.meta.url);
const MOST_USED =
  'en de fr es it pt pt-BR nl pl cs sk hu ro bg el sv da nb fi uk ru tr ar he fa hi bn ur id ms vi th zh zh-Hant ja ko'.split(
    ' ',
  );

describe('texts of the engine', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  const read = (file: string) =>
    JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Record<string, string>;

  it('exist in the most used languages', () => {
    expect(files).to.include.members(MOST_USED.map((tag) => `${tag}.json`));
  });

  for (const file of files) {
    it(`${file} has a language tag as its name and every text, trimmed`, () => {
      const tag = file.replace(/\.json$/, '');
      expect(Intl.getCanonicalLocales(tag)).to.deep.equal([tag]);
      expect(Object.keys(read(file))).to.deep.equal(Object.keys(read('en.json')));
      for (const text of Object.values(read(file))) {
        expect(text)
          .to.be.a('string')
          .and.match(/^\S.*\S$/u);
        expect(text).to.equal(text.normalize('NFC'));
      }
    });
  }

  it('differ from language to language', () => {
    const refusals = files.map((file) => read(file).refusal);
    expect(new Set(refusals).size).to.equal(refusals.length);
  });

  const nearest: [asked: string, file: string][] = [
    ['zh', 'zh'],
    ['zh-CN', 'zh'],
    ['zh-Hans-HK', 'zh'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['zh-TW', 'zh-Hant'],
    ['zh-HK', 'zh-Hant'],
    ['ZH-hant', 'zh-Hant'],
    ['yue', 'zh-Hant'],
    ['pt', 'pt'],
    ['pt-PT', 'pt'],
    ['pt-AO', 'pt'],
    ['pt-BR', 'pt-BR'],
    ['pt_br', 'pt-BR'],
    ['sr', 'sr'],
    ['sr-Latn-RS', 'sr-Latn'],
    ['de-AT', 'de'],
    ['en-US', 'en'],
    ['no', 'nb'],
    ['nn-NO', 'nb'],
    ['iw', 'he'],
    ['in', 'id'],
    ['tl', 'fil'],
    ['es-419', 'es'],
    ['xx', 'en'],
    ['xx-BR', 'en'],
    ['', 'en'],
    ['!!', 'en'],
    ['constructor', 'en'],
  ];
  for (const [asked, file] of nearest) {
    it(`are those of ${file} for ${asked || 'no language'}`, () => {
      expect(textIn(asked, 'refusal')).to.equal(read(`${file}.json`).refusal);
      expect(textIn(asked, 'apology')).to.equal(read(`${file}.json`).apology);
    });
  }
});
