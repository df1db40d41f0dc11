import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { up } from '../../db/migrations/122_names_of_one_line.ts';
import { buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { until } from '../support/until.ts';

describe('names from before', () => {
  it('become one line, and nothing else of them changes', async () => {
    const [bad, good] = [await buildUser(), await buildUser()];
    const last_name = 'O\u2019Brien \u200fعادل';
    await knex('users')
      .where({ id: bad.id })
      .update({ first_name: '\u202eAda\r\n\u001b[2J', last_name: '\u2066\u2069' });
    await knex('users').where({ id: good.id }).update({ first_name: 'Ada  M.', last_name });
    const title = 'one\u2028two';
    const [{ id }] = await knex('conversations').insert({ user_id: bad.id, title }).returning('id');
    const before = await knex('users').where({ id: good.id }).first();
    await up(knex);
    await up(knex);
    expect(await knex('users').where({ id: bad.id }).first()).to.include({
      first_name: 'Ada [2J',
      last_name: null,
    });
    expect(await knex('users').where({ id: good.id }).first()).to.deep.equal(before);
    expect(await knex('conversations').where({ id }).first()).to.include({ title: 'one two' });
  });

  itNative('are mended in batches: who holds up one row holds up none of before', async () => {
    const user = await buildUser();
    const title = 'one\u2028two';
    const [{ id }] = await knex('conversations').insert({ user_id: user.id, title }).returning('id');
    const later = id + 1_000_000;
    await knex.raw(
      'INSERT INTO conversations (id, user_id, title) OVERRIDING SYSTEM VALUE VALUES (?, ?, ?)',
      [later, user.id, title],
    );
    const titleOf = async (which: number) => (await knex('conversations').where({ id: which }).first()).title;
    const holder = await knex.transaction();
    await holder('conversations').where({ id: later }).forUpdate();
    const mending = up(knex);
    try {
      await until('the first is mended', async () => (await titleOf(id)) === 'one two');
      expect(await titleOf(later)).to.equal(title);
    } finally {
      await holder.rollback();
      await mending;
    }
    expect(await titleOf(later)).to.equal('one two');
  });
});
