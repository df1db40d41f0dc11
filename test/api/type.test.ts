import { expect } from 'chai';
import { Type as TypeBox } from 'typebox';
import { Type } from '../../api/contract/type.ts';

const OPTIONS = { description: 'a field', default: null };

/** Returns schemas of each function, with and without options, by either implementation. */
const schemas = (of: typeof Type) => ({
  Array: [of.Array(of.String()), of.Array(of.Integer(), { maxItems: 3, ...OPTIONS })],
  Boolean: [of.Boolean(), of.Boolean(OPTIONS)],
  Integer: [of.Integer(), of.Integer({ minimum: 1, ...OPTIONS })],
  Intersect: [of.Intersect([of.Object({ one: of.String() }), of.Object({})]), of.Intersect([], OPTIONS)],
  Literal: [of.Literal('a'), of.Literal(1), of.Literal(true, OPTIONS)],
  Number: [of.Number(), of.Number({ maximum: 0.5, ...OPTIONS })],
  Object: [
    of.Object({}),
    of.Object({ one: of.String(), two: of.Optional(of.String()) }),
    of.Object({ one: of.Optional(of.String({ maxLength: 2 })) }, { additionalProperties: false, ...OPTIONS }),
    // Unsafe keeps that a field may be left out; a copy does not.
    of.Object({ one: of.Unsafe(of.Optional(of.String())), two: { ...of.Optional(of.String()) } }),
    of.Object({ one: of.Optional(of.Unsafe({ type: ['string', 'null'] })) }),
    of.Object({ one: of.Optional(of.Optional(of.String())) }),
  ],
  Optional: [of.Optional(of.String(OPTIONS))],
  Record: [of.Record(of.String(), of.Integer()), of.Record(of.String(), of.Integer(), OPTIONS)],
  String: [of.String(), of.String({ pattern: '^a$', ...OPTIONS })],
  Union: [of.Union([of.String(), of.Integer()]), of.Union([], OPTIONS)],
  Unsafe: [of.Unsafe({ anyOf: [of.String()] }), of.Unsafe(of.Object({ one: of.String() }))],
});

describe('the functions of contracts', () => {
  const [own, theirs] = [schemas(Type), schemas(TypeBox)];

  for (const name of Object.keys(Type) as (keyof typeof Type)[])
    it(`${name} returns the schema of TypeBox`, () => {
      expect(JSON.stringify(own[name])).to.equal(JSON.stringify(theirs[name]));
    });

  it('Optional leaves the schema that it is given as it was', () => {
    const text = Type.String();
    Type.Optional(text);
    expect(Type.Object({ text })).to.have.deep.property('required', ['text']);
  });
});
