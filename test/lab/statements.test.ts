import { expect } from 'chai';
import { statements } from '../../lab/bench/floors/statements.ts';
import { way } from '../../db/sql.ts';

describe('the floor of a message', () => {
  it('makes each statement of the models with the values of its message, and leaves the models as they were', async () => {
    const { run } = way;
    const made = await statements();
    expect(way.run).to.equal(run);
    const texts = Object.values(made).map((statement) => statement({}).text);
    expect(new Set(texts).size).to.equal(9);
    for (const name of ['accept_message', 'search_faqs', 'claim_run', 'finish_run', 'announced_at'])
      expect(texts.filter((text) => text.includes(name)).length, name).to.be.greaterThan(0);
    expect(made.loadTurn({ runId: 42 }).values).to.deep.equal([42]);
    const saved = made.saveContext({ runId: 42, context: { passages: ['one'] } });
    expect(saved.values).to.deep.include({ passages: ['one'] });
    expect(saved.values).to.include(42);
  });
});
