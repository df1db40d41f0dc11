import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { up } from '../../db/migrations/122_names_of_one_line.ts';
import { buildUser } from '../support/factories.ts';

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
});
