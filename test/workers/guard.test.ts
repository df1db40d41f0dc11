import { expect } from 'chai';
import fc from 'fast-check';
import { personalIn, redact, redactUnknown } from '../../shared/knowledge/redact.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { Guard } from '../../workers/completion/guard.ts';
import { Withheld } from '../../workers/completion/verdict.ts';
import { whereToCut } from '../../workers/completion/windows.ts';
import { type Provider, startProvider } from '../support/provider.ts';

const NOBODY: ReadonlySet<string> = new Set();

describe('personal data in an answer', () => {
  it('is removed, and nothing else is', () => {
    const cases = [
      ['Write to jane.doe@mail.example.co.uk today', 'Write to [e-mail] today'],
      ['jane [at] example[dot]com', '[e-mail]'],
      ['call 030/1234567 or (0171) 234 56 78 or +49 30 1234567.', 'call [phone] or [phone] or [phone].'],
      ['call (555) 123-4567 or 555-123-4567', 'call [phone] or [phone]'],
      ['DE89 3704 0044 0532 0130 00', '[account]'],
      ['5500-0000-0000-0004 and 4111111111111111', '[card] and [card]'],
    ] as const;
    for (const [text, left] of cases) expect(redactUnknown(text, NOBODY)).to.equal(left);
    const harmless = [
      'Order 4111111111111112 of 2024-11-22 10:30 costs 1234567.89',
      'On 01.02.2024 or 05/11/2026, between 10 000 000 and 20 000 000 people',
      'DE12 3456 7890 1234 5678 90 is no account, π is 3.14159265358979 and 0.1234567 is small',
      'Version 10.0.19045.3693, 192.168.178.100, #00123 @parley',
    ];
    for (const text of harmless) expect(redactUnknown(text, NOBODY)).to.equal(text);
  });

  it('is removed beside other numbers and words too', () => {
    const cases = [
      ['4111 1111 1111 1111 12/27', '[card] 12/27'],
      ['4111 1111 1111 1111 123', '[card] 123'],
      ['5 4111 1111 1111 1111', '5 [card]'],
      ['1 2 3 4 4111 1111 1111 1111', '1 2 3 4 [card]'],
      ['4111 1111 1111 1111 123 5500 0000 0000 0004 7', '[card] 123 [card] 7'],
      ['AT61 1904 3002 3457 3201 BIC', '[account] BIC'],
      ['AT611904300234573201 50 EUR', '[account] 50 EUR'],
      ['AT61 1904 3002 3457 3201 DE89 3704 0044 0532 0130 00', '[account] [account]'],
      ['NR12 AT61 1904 3002 3457 3201', 'NR12 [account]'],
      ['a@example.com_b@example.com', '[e-mail]'],
    ] as const;
    for (const [text, left] of cases) expect(redactUnknown(text, NOBODY)).to.equal(left);
    const harmless = [
      Array.from({ length: 200 }, (_, i) => i + 1).join(' '),
      '2019 2020 2021 2022 2023 2024 2025 2026',
    ];
    for (const text of harmless) expect(redactUnknown(text, NOBODY)).to.equal(text);
    const known = personalIn(['4111 1111 1111 1111 12/27', 'AT61 1904 3002 3457 3201 BIC']);
    const said = 'AT611904300234573201 and 4111-1111-1111-1111';
    expect(redactUnknown(said, known)).to.equal(said);
  });

  // Quadratic time would mean minutes for each of these.
  it('is found in time linear in the text', () => {
    for (const piece of [
      '-',
      '1',
      ' ',
      '+',
      '.',
      '(',
      '@',
      'a',
      'a.',
      'a@',
      'a@a.a_',
      'a@a',
      '1 ',
      '4111 ',
      'AB12 ',
    ]) {
      const text = piece.repeat(200_000 / piece.length);
      for (const one of [text, `a@a.a_${text}`]) {
        expect(redactUnknown(one, NOBODY)).to.be.a('string');
        expect(redact(one)).to.be.a('string');
      }
    }
  });

  it('stays when the passages contain it, in any spelling', () => {
    const known = personalIn([
      'Write to Support@Example.com or call +49 30 1234567.',
      'Card 4111 1111 1111 1111',
    ]);
    const said = 'Write to support@example.com, call 030 1234567 or 0049 30 123 45 67; 4111-1111-1111-1111';
    expect(redactUnknown(said, known)).to.equal(said);
    expect(redactUnknown('Not sales@example.com, not 030 7654321', known)).to.equal(
      'Not [e-mail], not [phone]',
    );
  });
});

describe('the cut of an answer', () => {
  it('comes after whole sentences, and never within a number or an address', () => {
    const cut = (text: string) => text.slice(0, whereToCut(text));
    expect(cut('One. Two! Thr')).to.equal('One. Two! ');
    expect(cut('He said “no.” Then')).to.equal('He said “no.” ');
    expect(cut('- a list\n- of thi')).to.equal('- a list\n');
    expect(cut('没有。然后')).to.equal('没有。');
    expect(cut('Ends here.')).to.equal('');
    expect(cut('Call 030. ')).to.equal('');
    expect(cut('Call 030. 12')).to.equal('');
    expect(cut('Call 030. Then')).to.equal('Call 030. ');
    expect(cut('So. @')).to.equal('');
    expect(cut('e.g.this')).to.equal('');
  });

  it('comes after a word when no sentence ends for long', () => {
    const stalled = (text: string) => text.slice(0, whereToCut(text, true));
    expect(stalled('no end in sig')).to.equal('no end in ');
    expect(stalled('call +49 30 123')).to.equal('call ');
    expect(stalled('jane @ exa')).to.equal('');
    expect(whereToCut('word '.repeat(79))).to.equal(0);
    expect(whereToCut('word '.repeat(80))).to.be.within(390, 400);
    expect(whereToCut('x'.repeat(799))).to.equal(0);
    expect(whereToCut('1 2 '.repeat(200))).to.equal(400);
  });

  it('is found in time linear in the text', () => {
    for (const piece of ['1 ', '1. ', '1', ' ', '.', '."', '\n']) {
      const text = `${piece.repeat(200_000)}1`;
      expect(whereToCut(text)).to.be.at.most(text.length);
    }
  });
});

describe('the output guard', () => {
  let provider: Provider;
  before(async () => {
    await untilReady(redis);
    provider = await startProvider();
  });
  after(() => provider.stop());
  afterEach(() => provider.reset());

  const forever = new AbortController().signal;
  const guarded = async (pieces: string[], passages: { question: string; answer: string }[] = []) => {
    const shown: string[] = [];
    const guard = new Guard((text) => shown.push(text), passages, forever);
    const ended = (async () => {
      for (const piece of pieces) guard.write(piece);
      await guard.end();
    })();
    const error = await ended.then(
      () => undefined,
      (err: unknown) => err,
    );
    guard.close();
    return { shown, text: shown.join(''), error };
  };
  const TEXT =
    'Grüße 🙂! Ask jane.doe@example.com, or call +49 30 123 45 67. “Really?” she wrote.\n- 4111 1111 1111 1111\n- DE89 3704 0044 0532 0130 00\n- 030–123\u00A04567, \u200B４１１１\u00A01111\u00A01111\u00A01111\nThat is all';

  it('shows the same for any chunks of a text', async () => {
    const whole = redactUnknown(TEXT, NOBODY);
    expect(whole)
      .to.contain('[e-mail]')
      .and.contain('[phone]')
      .and.contain('[card]')
      .and.contain('[account]');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: TEXT.length - 1 }), { maxLength: 40 }),
        async (cuts) => {
          const ends = [...new Set([0, ...cuts, TEXT.length])].toSorted((a, b) => a - b);
          const pieces = ends.slice(1).map((end, i) => TEXT.slice(ends[i], end));
          expect((await guarded(pieces)).text).to.equal(whole);
        },
      ),
      { numRuns: 40 },
    );
    expect((await guarded([...TEXT])).text).to.equal(whole);
  });

  it('moderates sentences concurrently and shows them in order', async () => {
    const sentences = Array.from({ length: 12 }, (_, i) => `Sentence ${String.fromCharCode(97 + i)} here. `);
    const { shown, text } = await guarded(sentences.flatMap((sentence) => [...sentence]));
    expect(text).to.equal(sentences.join(''));
    expect(shown.length).to.be.within(3, 12);
  });

  it('shows nothing from a flagged sentence on, also across two windows', async () => {
    const { text, error } = await guarded(['Fine so far. ', 'I will kill ', 'you. ', 'More. ', 'And more.']);
    expect([text, error instanceof Withheld && error.why]).to.deep.equal(['Fine so far. ', 'flagged']);
    // Cut after "kill": all that follows could be parts of a number.
    const long = `${'word '.repeat(60)}I kill `;
    const apart = await guarded([`${long}you (1) ${'2 '.repeat(60)}`]);
    expect(whereToCut(`${long}you (1) ${'2 '.repeat(60)}`)).to.equal(long.length);
    expect(apart.error).to.be.instanceOf(Withheld);
    expect(apart.text).to.equal(long);
  });

  it('repeats a failed moderation, and gives up in the end', async () => {
    const once = await guarded(['Sound. ', 'Not [[fail-moderation]] [[times:1]] sure. ', 'Sound again.']);
    expect(once.error).to.equal(undefined);
    expect(once.text).to.contain('sure. Sound again.');
    const never = await guarded(['Sound. ', 'Never [[fail-moderation]] sure. ', 'Sound again.']);
    expect([never.text, never.error instanceof Withheld && never.error.why]).to.deep.equal([
      'Sound. ',
      'unchecked',
    ]);
  }).timeout(10_000);

  it('releases words when no sentence ends for long', async () => {
    const shown = Promise.withResolvers<string>();
    const guard = new Guard(shown.resolve, [], forever);
    for (const piece of ['The number', ' is', ' +49', ' 30 123']) guard.write(piece);
    expect(await shown.promise).to.equal('The number is ');
    guard.close();
  }).timeout(10_000);

  it('stops for the caller’s reason, and shows nothing afterwards', async () => {
    const [shown, caller] = [[] as string[], new AbortController()];
    const guard = new Guard((text) => shown.push(text), [], caller.signal);
    guard.write('Held back until it is whole');
    const ended = guard.end().catch((err: unknown) => err);
    caller.abort('cancelled');
    expect(await ended).to.equal('cancelled');
    guard.close();
    guard.write(' Too late. ');
    // Both share one verdict, so the first was checked when the second was.
    expect((await guarded(['Held back until it is whole'])).text).to.equal('Held back until it is whole');
    expect(shown).to.deep.equal([]);
  });
});
