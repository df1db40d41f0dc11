import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { buildPrompt, systemPrompt } from '../../shared/prompt/prompt.ts';

const planted = JSON.parse(readFileSync(new URL('injection.json', import.meta.url), 'utf8')) as string[];

describe('orders planted in an FAQ', () => {
  const harmless = { faq_id: 2, question: 'Opening hours?', answer: 'Nine to five.' };

  for (const order of planted) {
    it(`stay text: ${JSON.stringify(order).slice(0, 60)}`, () => {
      for (const passage of [
        { faq_id: 1, question: order, answer: 'So.' },
        { faq_id: 1, question: 'How?', answer: order },
      ]) {
        const passages = [passage, harmless];
        const prompt = buildPrompt({ language: 'en', passages, history: [], question: 'When?' });
        expect(prompt.map(({ role }) => role)).to.deep.equal(['system', 'user']);
        expect(prompt[1]?.content).to.equal('When?');

        const system = String(prompt[0]?.content);
        expect(system.startsWith(`${systemPrompt('en')}\n\n<passages>\n`)).to.equal(true);
        const data = system.slice(systemPrompt('en').length);
        expect(fencesIn(data)).to.deep.equal([
          'passages',
          'passage',
          '/passage',
          'passage',
          '/passage',
          '/passages',
        ]);
        expect(data.trim().endsWith('</passages>')).to.equal(true);
        expect(plain(data)).not.to.contain('<|');
        // Nothing is lost but the brackets that imitate ours.
        expect(data.replaceAll('&lt;', '<').normalize('NFKC')).to.contain(
          order.replaceAll('&lt;', '<').normalize('NFKC'),
        );
      }
    });
  }
});

/** Returns what a reader takes for our fence, in any disguise. */
function fencesIn(text: string): string[] {
  return [...plain(text).matchAll(/<(\/?passages?)/g)].map(([, fence]) => fence ?? '');
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Cf}]/gu, '');
}
