import { expect } from 'chai';
import { rows } from '../../db/sql.ts';
import { env } from '../../shared/base/env.ts';
import { erasedTables, personalData } from '../../shared/privacy/map.ts';

describe('the map of personal data', () => {
  it('names every table and column of the schema, once', async () => {
    const found = await rows<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
         JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = current_schema() AND table_name NOT LIKE 'knex\\_%' AND table_type = 'BASE TABLE'`,
    );
    const mapped = Object.entries(personalData).flatMap(([table, { columns }]) =>
      Object.values(columns).flatMap((names) => names.split(' ').map((name) => `${table}.${name}`)),
    );
    expect(mapped.toSorted()).to.deep.equal(found.map(({ name }) => name).toSorted());
  });

  it('names only existing settings as bounds of a table', () => {
    const named = Object.values(personalData).flatMap(({ bound }) => bound.by.match(/[A-Z]+_[A-Z_]+/g) ?? []);
    for (const name of named) expect(env).to.have.property(name);
  });

  it('erases by existing columns, and leaves no row that names an account', async () => {
    for (const [table, column] of Object.entries(erasedTables)) {
      const names = Object.values(personalData[table]?.columns ?? {})
        .join(' ')
        .split(' ');
      expect(names, table).to.include(column);
    }
    const keyed = await rows<{ name: string; deleted: string }>(
      `SELECT conrelid::regclass::text AS name, confdeltype AS deleted FROM pg_constraint
       WHERE contype = 'f' AND confrelid = 'users'::regclass`,
    );
    for (const { name, deleted } of keyed) expect(deleted, name).to.be.oneOf(['c', 'n']);
  });
});
