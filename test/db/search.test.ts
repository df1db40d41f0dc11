import { expect } from 'chai';
import makeKnex, { type Knex } from 'knex';
import { up } from '../../db/migrations/018_search_parts.ts';
import { onNative } from '../support/native.ts';

const NAME = `parley_search_${process.pid}`;

/** As on managed servers: the owner of the database is not a superuser, and the locale may be C. */
(onNative ? describe : describe.skip)('the grams of a search', () => {
  const base = makeKnex({ client: 'pg', connection: process.env.TEST_SERVER });
  let owner: Knex;
  before(async () => {
    const { rows } = await base.raw('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
    const url = new URL(process.env.TEST_SERVER ?? '');
    url.pathname = `/${NAME}`;
    if (rows[0].rolsuper) {
      await base.raw(`CREATE ROLE ${NAME} LOGIN PASSWORD 'x' NOSUPERUSER`);
      Object.assign(url, { username: NAME, password: 'x' });
    }
    await base.raw(
      `CREATE DATABASE ${NAME} OWNER "${url.username}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    owner = makeKnex({ client: 'pg', connection: url.href });
    await owner.raw('CREATE TABLE conversations (user_id bigint, title text)');
    await owner.raw('CREATE TABLE messages (user_id bigint, content text)');
  });
  after(async () => {
    await owner?.destroy();
    await base.raw(`DROP DATABASE IF EXISTS ${NAME}`);
    await base.raw(`DROP ROLE IF EXISTS ${NAME}`);
    await base.destroy();
  });

  it('are built by an owner who is not a superuser, and again after a broken attempt', async () => {
    for (let time = 0; time < 2; time += 1) await up(owner);
    const { rows } = await owner.raw(
      "SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE '%_grams'",
    );
    expect(rows).to.deep.equal([{ indisvalid: true }, { indisvalid: true }]);
  });

  it('ignore capitals and accents under the locale C', async () => {
    const cases: [text: string, folded: string][] = [
      ['ÄÖÜ ÉÀÇ Ñ Ø Ł Đ ẞ Æ Œ', 'aou eac n o l d ss ae oe'],
      ['ПРИВЕТ Ёлка Їжак ЊУШКА', 'привет елка іжак њушка'],
      ['ΚΩΔΙΚΌΣ', 'κωδικοσ'],
      ['ID–42 ’x‘', "id-42 'x'"],
    ];
    for (const [text, folded] of cases) {
      const { rows } = await owner.raw('SELECT search_folded(?) AS folded', [text]);
      expect(rows[0].folded).to.equal(folded);
    }
  });
});
