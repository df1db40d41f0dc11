/**
 * Builds a prompt of 10 messages and 5 passages, as the context stage does with its cached counts. The floor encodes only
 * the new question. {times} → {ours, floor}, in ms each.
 */
import { fitToBudget } from '../../../shared/prompt/budget.ts';
import { buildPrompt, passageText, systemPrompt } from '../../../shared/prompt/prompt.ts';
import { countTokens, countTokensOnce } from '../../../shared/provider/tokens.ts';
import { get_encoding } from 'tiktoken';

const sentence = 'The quick brown fox jumps over the lazy dog, and then it rests for a while. ';
const question = sentence.repeat(20);
const passages = Array.from({ length: 5 }, (_, i) => ({
  faq_id: i,
  question: sentence,
  answer: sentence.repeat(4),
}));
const history = Array.from({ length: 10 }, (_, i) => ({
  message_type: i % 2 ? ('assistant' as const) : ('user' as const),
  content: sentence.repeat(6),
  tokens: 100,
}));
const encoding = get_encoding('o200k_base');
function ours(): void {
  const fit = fitToBudget({
    budget: 6_000,
    system: countTokensOnce(systemPrompt('en')),
    question: countTokens(question),
    passages: passages.map((passage) => countTokensOnce(passageText(passage))),
    history: history.map(({ tokens }) => tokens),
  });
  buildPrompt({
    language: 'en',
    key: '0123456789ab',
    passages: passages.slice(0, fit.passages),
    history: history.slice(-fit.history),
    question,
  });
}

function time(times: number, work: () => unknown): number {
  const began = performance.now();
  for (let i = 0; i < times; i += 1) work();
  return (performance.now() - began) / times;
}

process.on('disconnect', () => process.exit());
process.on('message', ({ times }: { times: number }) => {
  process.send?.({ floor: time(times, () => encoding.encode_ordinary(question)), ours: time(times, ours) });
});
process.send?.({ port: 0 });
