import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

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

function definitionOf(name: string): RegExp {
  return new RegExp(
    `\\b(function\\*?|class|const|FUNCTION) (public\\.)?${name}\\b|^ +(async )?${name}\\(`,
    'm',
  );
}
