import { expect } from 'chai';
import { titleOf } from '../../workers/completion/answer.ts';

describe('the title of a conversation', () => {
  it('is the first line of its first question, with single spaces', () => {
    expect(titleOf('  How do   I\treset it? \t \n\n It is lost.')).to.equal('How do I reset it?');
    expect(titleOf('One line')).to.equal('One line');
    expect(titleOf('\r\nHello\r\nyou')).to.equal('Hello');
    expect(titleOf('\u202eHello\u001b[2J \u2066you\u2028there')).to.equal('Hello [2J you there');
  });

  it('is cut at a word', () => {
    expect(titleOf('word '.repeat(30))).to.equal(`${'word '.repeat(11).trim()}…`);
  });

  // With a pattern that goes back for each space this took a minute of the worker's time.
  it('is found at once in a message of white space', () => {
    expect(titleOf(`a${' '.repeat(64_000)}b`)).to.equal('a b');
    expect(titleOf(`a${' '.repeat(64_000)}\nb`)).to.equal('a');
  });
});
