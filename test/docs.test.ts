import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';

const PAGE = 'ARCHITECTURE.md';
/** [`name`](path#L12): the line must be where `name` is defined or, for the rest, exist. */
const LINK = /\[`?([^`\]]+)`?\]\(([\w./-]+)#L(\d+)\)/g;

describe('ARCHITECTURE.md', () => {
  // UPDATE_LINKS=1 writes the right lines instead of failing.
  it('links to the lines where its names are defined', () => {
    const page = readFileSync(PAGE, 'utf8');
    const right = page.replace(LINK, (_, name: string, path: string) => {
      return `[${page.includes(`\`${name}\`](${path}`) ? `\`${name}\`` : name}](${path}#L${lineOf(name, path)})`;
    });
    if (process.env.UPDATE_LINKS) writeFileSync(PAGE, right);
    else expect(page).to.equal(right);
  });
});

function lineOf(name: string, path: string): number {
  const lines = readFileSync(path, 'utf8').split('\n');
  if (!/^\w+$/.test(name)) return 1;
  const definition = new RegExp(`\\b(function\\*?|class|const|FUNCTION) ${name}\\b|^  async ${name}\\(`);
  const index = lines.findIndex((line) => definition.test(line));
  expect(index, `${name} in ${path}`).to.be.at.least(0);
  return index + 1;
}
