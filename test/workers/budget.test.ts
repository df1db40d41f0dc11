import { expect } from 'chai';
import { fitToBudget, questionLimit } from '../../shared/prompt/budget.ts';

describe('the token budget', () => {
  it('keeps passages best first and history newest first, without gaps', () => {
    const fit = fitToBudget({
      budget: 1_000,
      system: 100,
      question: 92,
      passages: [300, 200, 10],
      history: [90, 400, 5],
    });
    // 800 tokens are left: passages may take 480, and history what passages leave.
    expect(fit.passages).to.equal(1);
    expect(fit.history).to.equal(2);
    expect(fit.tokens).to.deep.equal({ system: 100, passages: 300, history: 498, question: 92 });
  });

  it('is never exceeded, whatever the sizes', () => {
    for (let budget = 120; budget < 2_000; budget += 37) {
      const fit = fitToBudget({
        budget,
        system: 90,
        question: 20,
        passages: [50, 60, 70],
        history: [10, 300, 20, 500],
      });
      const { system, passages, history, question } = fit.tokens;
      expect(system + passages + history + question + 8).to.be.at.most(Math.max(budget, 118));
    }
  });

  it('leaves a question at least a token, however large the system prompt', () => {
    expect(questionLimit(50, 100)).to.equal(1);
    expect(questionLimit(500, 100)).to.equal(392);
  });
});
