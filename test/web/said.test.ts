import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { presentFaults } from '../../api/middleware/faults.ts';
import { checkSane } from '../../api/middleware/sane.ts';
import { served } from '../../api/routes.ts';
import { Problem, PROBLEMS } from '../../shared/base/errors.ts';
import { BY_CODE, BY_TEXT, patternOf, wordFor } from '../../web/shared/said.ts';
import { ar } from '../../web/shared/words/ar.ts';
import { de } from '../../web/shared/words/de.ts';
import { en } from '../../web/shared/words/en.ts';

const LANGUAGES: Record<string, Record<string, string>> = { en, de, ar };

/** Texts that programs alone meet: no page sends what they are about. */
const TO_PROGRAMS = [
  /bytes of JSON$/,
  /^must be 1 to 7 characters long$/,
  /^must be left out: the conversation has its assistant$/,
  /^must be a point of P-256/,
  /^must be 7 fields, not 7$/,
  /^must be longer: at most 7 of them/,
  /^must be JSON, not binary$/,
  /^must be without (keys|7$)/,
  /^must be nested at most/,
  /^must be the next_cursor/,
  /^(This origin may not make|A page of another site made) this request$/,
  /^An account without a password has no username$/,
  /^This sign-in is not for frames$/,
];
const LITERAL = /(?<!\w)(?:'([^'\n]*)'|`([^`\n]*)`|"([^"\n]*)")/g;

/** The sources of the server. What a template fills in is a 7. */
function sources(): string[] {
  const files = ['api', 'shared', 'workers', 'db'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  return (
    files
      // The faults of schemas are made there.
      .filter((name) => /\.(ts|sql)$/.test(name) && name !== 'api/middleware/faults.ts')
      .map((name) => readFileSync(name, 'utf8').replaceAll(/\$\{[^{}]*\}/g, '7'))
  );
}

function texts(): string[] {
  return sources()
    .flatMap((source) => [...source.matchAll(LITERAL)])
    .map(([, ...quoted]) => quoted.find((text) => text !== undefined) ?? '');
}

/** Why acts are refused: texts that stand without faults of fields, and whose codes alone do not say why. */
function refusals(): string[] {
  const refusal = /problem\(\s*'(?:forbidden|conflict|already_exists)',\s*(['`"])(.+?)\1\s*\)/g;
  return sources().flatMap((source) => [...source.matchAll(refusal)].map(([, , text]) => text ?? ''));
}

/** The faults that the schemas of requests can find. */
function faults(): string[] {
  const found = new Set<string>();
  const schemas = served.flatMap(({ routes }) => routes).map(({ route: { body, query } }) => [body, query]);
  JSON.stringify(schemas, (keyword, value: unknown) => {
    const params = {
      limit: value,
      type: value,
      allowedValues: [value].flat(),
      allowedValue: value,
      pattern: value,
      format: value,
    };
    const [fault] = presentFaults([{ keyword, params, instancePath: '', schemaPath: '' }]);
    if (fault) found.add(fault.message);
    return value;
  });
  return [...found];
}

/** The fault of a text that cannot be stored. */
function unstorable(): string {
  try {
    checkSane('\0');
  } catch (err) {
    if (err instanceof Problem) return err.errors?.[0]?.message ?? '';
  }
  return '';
}

function isWordless(text: string): boolean {
  return wordFor(text) === undefined && !TO_PROGRAMS.some((pattern) => pattern.test(text));
}

describe('what the pages say for the server', () => {
  it('is a word in each language for every code of a refusal', () => {
    expect(Object.keys(BY_CODE)).to.have.members(Object.keys(PROBLEMS));
    for (const [language, words] of Object.entries(LANGUAGES))
      for (const [code, word] of Object.entries(BY_CODE))
        expect(words[word], `${language} ${code}`).to.be.a('string').and.not.equal('');
    const english = Object.values({ ...BY_CODE, ...BY_TEXT }).filter((word) => de[word] === en[word]);
    expect(english).to.deep.equal([]);
  });

  it('is a word for each fault of a field', () => {
    const known = [...texts().filter((text) => text.startsWith('must be ')), ...faults(), unstorable()];
    expect(known.filter(isWordless)).to.deep.equal([]);
  });

  it('is a word for each reason why an act is refused', () => {
    expect(refusals()).to.include('This experiment has ended');
    expect(refusals().filter(isWordless)).to.deep.equal([]);
  });

  it('stands for what the server still says', () => {
    const known = [...texts(), ...faults(), unstorable()];
    const unsaid = Object.keys(BY_TEXT).filter((text) => !known.some((one) => patternOf(text).test(one)));
    expect(unsaid).to.deep.equal([]);
  });

  it('holds what the text holds, a number as one', () => {
    expect(wordFor('must be at least 1 character long')).to.deep.equal({ word: 'fault.empty', values: {} });
    expect(wordFor('must be at most 200 characters long')).to.deep.equal({
      word: 'fault.long',
      values: { n: 200 },
    });
    expect(wordFor('must be one of draft, published')).to.deep.equal({
      word: 'fault.choice',
      values: { names: 'draft, published' },
    });
    expect(wordFor('no text of the server')).to.equal(undefined);
  });
});
