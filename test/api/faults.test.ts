import { Ajv } from 'ajv';
import { expect } from 'chai';
import { Type } from 'typebox';
import { closed, oneOf, optional, orNull } from '../../api/contract/schema.ts';
import { presentFaults } from '../../api/middleware/faults.ts';
import { bodyCheck, check } from '../../api/middleware/validate.ts';
import { served } from '../../api/routes.ts';
import { Problem } from '../../shared/base/errors.ts';

describe('a validation message', () => {
  const schema = bodyCheck(
    closed(
      optional({
        text: Type.String({ minLength: 2, maxLength: 3 }),
        prose: Type.String({ pattern: '\\S' }),
        slug: Type.String({ pattern: '^[a-z]+$' }),
        email: Type.String({ format: 'padded-email' }),
        count: Type.Integer({ minimum: 1, maximum: 9 }),
        title: orNull(Type.String()),
        status: oneOf('draft', 'published'),
        consent: Type.Literal(true),
        tags: Type.Array(Type.String(), { minItems: 1, maxItems: 2, uniqueItems: true }),
      }),
      { minProperties: 1 },
    ),
  );

  const cases: [string, object, string[]][] = [
    ['no field', {}, ['must be an object with at least 1 field']],
    ['an unknown field', { other: 1 }, ['must be left out: this field is not known']],
    ['another type', { text: 1 }, ['must be a string']],
    ['another type where null is allowed', { title: 1 }, ['must be a string or null']],
    ['a fraction', { count: 1.5 }, ['must be an integer']],
    ['too small a number', { count: 0 }, ['must be at least 1']],
    ['too large a number', { count: 10 }, ['must be at most 9']],
    ['too short a text', { text: 'a' }, ['must be at least 2 characters long']],
    ['too long a text', { text: 'abcd' }, ['must be at most 3 characters long']],
    ['white space', { prose: ' ' }, ['must be more than white space']],
    ['another pattern', { slug: 'A' }, ['must be like ^[a-z]+$']],
    ['another format', { email: 'ada' }, ['must be an e-mail address']],
    ['another word', { status: 'public' }, ['must be one of draft, published']],
    ['another word of another type', { status: 1 }, ['must be a string']],
    ['another constant', { consent: false }, ['must be true']],
    ['another constant of another type', { consent: 'yes' }, ['must be a boolean']],
    ['an empty list', { tags: [] }, ['must be at least 1 item long']],
    ['a list with too many', { tags: ['a', 'a', 'a'] }, ['must be at most 2 items long']],
    ['a list with doubles', { tags: ['a', 'a'] }, ['must be a list without doubles']],
  ];
  for (const [what, value, messages] of cases)
    it(`says what a field must be: ${what}`, () => {
      expect(faultsOf(value).map(({ message }) => message)).to.deep.equal(messages);
    });

  it('is in words of ours for each keyword of a request’s schema', () => {
    const known = new Ajv().RULES.all;
    const [used, formats] = [new Set<string>(), new Set<string>()];
    const schemas = served.flatMap(({ routes }) => routes).map(({ route: { body, query } }) => [body, query]);
    JSON.stringify(schemas, (key, value) => {
      if (known[key] && !['properties', 'items'].includes(key)) used.add(key);
      if (key === 'format' && typeof value === 'string') formats.add(value);
      return value;
    });
    expect(used).to.include('minItems');
    const wordless = [...used].filter((keyword) => {
      const params = { limit: 1, type: 'string', allowedValues: [] };
      return (
        presentFaults([{ keyword, params, instancePath: '', schemaPath: '' }])[0]?.message === 'must be valid'
      );
    });
    expect(wordless).to.deep.equal([]);
    const nameless = [...formats].filter((format) => {
      const fault = { keyword: 'format', params: { format }, instancePath: '', schemaPath: '' };
      return presentFaults([fault])[0]?.message === `must be a ${format}`;
    });
    expect(nameless).to.deep.equal([]);
  });

  function faultsOf(value: object) {
    try {
      check(schema, value);
    } catch (err) {
      if (err instanceof Problem) return err.errors ?? [];
    }
    throw new Error('it was taken');
  }
});
