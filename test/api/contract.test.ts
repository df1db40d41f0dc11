import { globSync } from 'node:fs';
import { expect } from 'chai';
import { Type } from 'typebox';
import { type Contract, contract, json, nothing } from '../../api/contract/contract.ts';
import { closed, defaulted } from '../../api/contract/schema.ts';
import { serve } from '../../api/contract/serve.ts';
import { bodyCheck } from '../../api/middleware/validate.ts';
import { routes, served } from '../../api/routes.ts';
import { clientEvents } from '../../api/sockets/contract.ts';
import { framesIn } from '../../api/websocket/contract.ts';

const things = contract('Things', {
  'GET /things': {
    who: 'anyone',
    summary: 'Things',
    query: closed({ limit: defaulted(Type.Integer(), 20) }),
    answers: { 200: json('Their number', Type.Object({ count: Type.Integer() })) },
  },
  'POST /things': {
    who: 'signed in',
    summary: 'Add a thing',
    body: closed({ name: Type.String() }),
    answers: { 204: nothing('Added') },
  },
});

describe('contracts', () => {
  it('are all served', async () => {
    const keys = new Set(served.flatMap(({ routes }) => routes.map(({ key }) => key)));
    for (const file of globSync('api/**/contract.ts')) {
      const exported: object = await import(`../../${file}`);
      for (const one of Object.values(exported).filter(isContract))
        for (const key of Object.keys(one.routes)) expect(keys, `${file}: ${key}`).to.include(key);
    }
  });

  it('are served in an order in which no parameter takes the place of a fixed path', () => {
    for (const { key, method, pattern } of served.flatMap((resource) => resource.routes)) {
      if (/[:{]/.test(pattern)) continue;
      const [first] = routes.match(pattern, method).pathAndMethod;
      expect(first?.path, key).to.equal(pattern);
    }
  });

  it('compile, though each does so only at its first request', async () => {
    const schemas = served.flatMap(({ routes }) => routes.flatMap(({ route }) => [route.body, route.query]));
    const frames = [...Object.values(clientEvents).map(({ frame }) => frame), ...Object.values(framesIn)];
    for (const schema of [...schemas, ...frames])
      if (schema) expect(bodyCheck(schema).compiled, JSON.stringify(schema)).to.not.throw();
  });

  it('type their handlers, and require one for each route', () => {
    // The marked lines must not compile; `npm run check` reports one that does.
    expect(() =>
      serve(things, {
        'GET /things': (ctx) => {
          const limit: number = ctx.state.query.limit;
          ctx.body = { count: limit };
          // @ts-expect-error the contract says that it is an integer
          ctx.body = { count: 'many' };
          // @ts-expect-error the contract has no such field
          ctx.body = { count: 1, more: true };
          // @ts-expect-error nobody is signed in
          return ctx.state.user.id;
        },
        'POST /things': (ctx) => {
          // @ts-expect-error the contract has no such field
          return ctx.state.body.title;
        },
      }),
    ).to.not.throw();
    // @ts-expect-error a handler is missing
    expect(() => serve(things, { 'GET /things': () => {} })).to.throw('POST /things');
    const both = { 'GET /things': () => {}, 'POST /things': () => {} };
    // @ts-expect-error a handler has no contract
    expect(() => serve(things, { ...both, 'GET /other': () => {} })).to.throw('GET /other');
  });
});

function isContract(value: unknown): value is Contract {
  return typeof value === 'object' && value !== null && 'tag' in value && 'routes' in value;
}
