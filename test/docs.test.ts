import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { oldFiles } from '../scripts/write/made.ts';
import { wrapProse } from '../scripts/write/prose.ts';

/** A link [`name`](path) names what the file defines. */
const LINK = /\[`?([^`\]]+)`?\]\((?!https?:)([\w./-]+)\)/g;

for (const page of ['ARCHITECTURE.md']) {
  describe(page, () => {
    for (const [, name = '', path = ''] of readFileSync(page, 'utf8').matchAll(LINK)) {
      it(`links to ${path}, which has ${name}`, () => {
        expect(existsSync(path), path).to.equal(true);
        if (/^\w+$/.test(name)) expect(readFileSync(path, 'utf8')).to.match(definitionOf(name));
      });
    }
  });
}

describe('the documents', () => {
  const twiceIn = (found: string[]) => found.filter((one, i) => found.indexOf(one) < i);

  for (const page of globSync('{*.md,docs/*.md}'))
    it(`${page} says nothing twice`, () => {
      const sentences = readFileSync(page, 'utf8')
        .split('\n')
        .filter((line) => line.length > 60 && !line.startsWith('|'));
      expect(twiceIn(sentences)).to.deep.equal([]);
    });

  it('.env.example names each variable once', () => {
    const names = [...readFileSync('.env.example', 'utf8').matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)];
    expect(twiceIn(names.map(([, name = '']) => name))).to.deep.equal([]);
  });
});

it('the files that `npm run write` makes are what the code says', async () => {
  expect((await oldFiles()).map(([file]) => file)).to.deep.equal([]);
});

it('prose is wrapped below the text of its item; tables, code and headings stay as they are', () => {
  const words = 'word '.repeat(22).trim();
  const kept = `# ${words} ${words}\n\n| ${words} | ${words} |\n\n\`\`\`sh\n${words} ${words}\n\`\`\``;
  expect(wrapProse(kept)).to.equal(kept);
  expect(wrapProse(`1. ${words} \`npm run  write\` 1. end`)).to.equal(
    `1. ${words}\n   \`npm run  write\` 1. end`,
  );
  expect(wrapProse('one\ntwo')).to.equal('one two');
  expect(() => wrapProse('one\n\n    code\n    more')).to.throw('code needs a fence: code');
});

function definitionOf(name: string): RegExp {
  return new RegExp(
    `\\b(function\\*?|class|const|FUNCTION) (public\\.)?${name}\\b|^ +(async )?${name}\\(`,
    'm',
  );
}
