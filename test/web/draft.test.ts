import { expect } from 'chai';
import { Draft } from '../../web/widget/draft.ts';
import { store } from '../../web/widget/kept.ts';

describe('what is written in the widget', () => {
  const { setItem } = store;
  afterEach(() => {
    store.setItem = setItem;
  });

  it('outlasts a store without room, for its user alone', () => {
    const draft = new Draft();
    draft.turnTo('Ann');
    draft.keep('half');
    store.setItem = () => {
      throw new Error('no room');
    };
    draft.keep('half a secret');
    draft.giveBack('not sent');
    expect(draft.text).to.equal('not sent\nhalf a secret');
    draft.turnTo('Bob');
    expect(draft.text).to.equal('');
  });

  it('is not another text when the site names the same user again', () => {
    const draft = new Draft();
    draft.turnTo('Cleo');
    const { turn } = draft;
    draft.turnTo('Cleo');
    expect(draft.turn).to.equal(turn);
  });
});
