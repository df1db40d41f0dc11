import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { oldFiles } from '../scripts/write/made.ts';

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

function definitionOf(name: string): RegExp {
  return new RegExp(
    `\\b(function\\*?|class|const|FUNCTION) (public\\.)?${name}\\b|^ +(async )?${name}\\(`,
    'm',
  );
}
