import { Type } from 'typebox';
import { GIVEN_ROLES, ROLES } from '../../db/models/role.ts';
import { defaulted, oneOf } from './schema.ts';

/** Fields that several resources share. Lengths count characters. */
export const id = Type.Integer({ minimum: 1 });
export const count = Type.Integer({ minimum: 0 });
export const real = Type.Number();
export const text = Type.String();
export const flag = Type.Boolean();
export const time = Type.String({ format: 'date-time' });
export const anything = Type.Unsafe<Record<string, unknown>>({ type: 'object' });

/** An id in a body or a query. An id that no row can have is invalid. */
export const givenId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
/** The number of an assistant's version, which Postgres keeps in 32 bits. */
export const givenVersion = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
/** An id in a body. An id that no row can have is not found: the handler passes it through `rowId`. */
export const anyId = Type.Integer();
export const language = Type.String({ maxLength: 10, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' });
export const slug = Type.String({ maxLength: 200, pattern: '^[a-z0-9]+([-_][a-z0-9]+)*$' });
export const role = oneOf(...ROLES);
export const givenRole = oneOf(...GIVEN_ROLES);
export const userStatus = oneOf('active', 'suspended', 'deleted');

/** Returns the schema of a text that is more than white space. */
export function prose(maxLength: number) {
  return Type.String({ maxLength, pattern: '\\S' });
}

/**
 * Returns the schema of a name or a title: more than white space, without line breaks and what turns the direction of writing.
 */
export function line(maxLength: number) {
  return Type.String({ maxLength, pattern: '\\S', format: 'one-line' });
}

export const paging = {
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 100 }), 20),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The `next_cursor` of the page before, which had the same filters and order.',
    }),
  ),
};

/** Whether figures come as JSON or as a table. */
export const format = defaulted(oneOf('json', 'csv'), 'json');
