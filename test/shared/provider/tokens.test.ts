import { expect } from 'chai';
import { get_encoding } from 'tiktoken';
import { countTokens, truncateTokens } from '../../../shared/provider/tokens.ts';

describe('the tokenizer', () => {
  const texts = [
    '',
    'Hello, world!',
    'Grüße aus Köln 🎉',
    '你好，世界',
    'a <|endoftext|> b',
    'line\n\n  indented\tcode();',
  ];

  it('counts like tiktoken, special tokens as plain text', () => {
    const encoding = get_encoding('o200k_base');
    for (const text of texts) expect(countTokens(text)).to.equal(encoding.encode_ordinary(text).length);
    encoding.free();
  });

  it('counts a long unbroken run without exploding', () => {
    expect(countTokens('x'.repeat(16_000))).to.be.within(500, 16_000);
    expect(countTokens(' '.repeat(16_000))).to.be.within(1, 16_000);
    expect(countTokens('🎉'.repeat(8_000))).to.be.within(4_000, 32_000);
  });

  it('cuts at a token, and never inside a character', () => {
    for (const text of [...texts, 'word '.repeat(500), '🎉'.repeat(300), 'x'.repeat(5_000)]) {
      for (const limit of [1, 7, 100]) {
        const cut = truncateTokens(text, limit);
        expect(text.startsWith(cut), `${limit} of ${text.slice(0, 20)}`).to.equal(true);
        expect(countTokens(cut)).to.be.at.most(limit + 1);
      }
    }
  });
});
