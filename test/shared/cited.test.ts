import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import { citedIn } from '../../shared/prompt/cited.ts';

const passages = [5, 7, 12].map((faq_id) => ({ faq_id }));
const cited = (answer: string) => citedIn(answer, passages).map(({ faq_id }) => faq_id);

describe('the sources of an answer', () => {
  it('are the passages that it cites, in any of the forms that models write', () => {
    const cases: [answer: string, ids: number[]][] = [
      ['Nine to five [5].', [5]],
      ['One [12], two[5][7].', [5, 7, 12]],
      ['Both hold [5, 7].', [5, 7]],
      ['See [id=7], [passage 12] and [FAQ #5].', [5, 7, 12]],
      ['从九点到五点【7】。', [7]],
      ['As said【12†source】.', [12]],
      ['[5](https://example.com/faq/5)', [5]],
    ];
    for (const [answer, ids] of cases) expect(cited(answer), answer).to.deep.equal(ids);
  });

  it('are nothing that only looks like a citation', () => {
    for (const answer of [
      "I don't know.",
      'There are 5 of them, or 7.',
      '[99] was never offered, nor [57].',
      'Version [5.1], [v7], [x12y] and [12.5]',
      'Write `list[5]` or\n```\na[7] = b[12]\n```\n',
      'It cost [5',
      `[${'long '.repeat(20)} 5]`,
    ])
      expect(cited(answer), answer).to.deep.equal([]);
  });

  it('are read in time linear in the answer', () => {
    for (const piece of ['[', '`', '[5', '【', '[5,', '```']) cited(piece.repeat(100_000 / piece.length));
  });

  it('say the same as the search for gaps', async () => {
    for (const answer of ['So [5].', 'So [5, 7].', 'So【7】.', 'No.', 'It has 5.', '[99]']) {
      const found = await row<{ any: boolean }>('SELECT cites_any(:answer, :passages) AS any', {
        answer,
        passages: JSON.stringify(passages),
      });
      expect(found?.any, answer).to.equal(cited(answer).length > 0);
    }
  });
});
