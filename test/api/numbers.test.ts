import type { SchemaObject } from 'ajv';
import { expect } from 'chai';
import { type Api } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { openapi } from '../support/openapi.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { serveWeb } from '../support/web.ts';
import { rules } from './matrix/rules.ts';
import { talk } from './matrix/things.ts';

/** Numbers at which a column, a bigint or a double ends. */
const EXTREMES = [-1, 0, 2_147_483_648, 9_007_199_254_740_992, 9.3e18, 1e30];
/** Routes that end the caller's own sign-in or account. */
const ENDING = /logout|DELETE \/api\/v1\/users\/me$/;

describe('a number in a request', function () {
  this.timeout(60_000);
  let api: Api;
  let provider: Provider;
  let admin: BuiltUser;
  before(async () => {
    [api, provider] = await Promise.all([serveWeb(), startProvider()]);
    admin = await buildUser({ role: 'admin' });
    await talk(admin);
  });
  after(() => Promise.all([api.close(), provider.stop()]));

  for (const [path, operations] of Object.entries(openapi.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const route = `${method.toUpperCase()} ${path}`;
      const { body, query } = numbersOf(operation as Described);
      if (ENDING.test(route) || body.length + query.length === 0) continue;
      it(`never fails ${route}`, async () => {
        const named = (await rules[route]?.names?.(admin)) ?? {};
        const where = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(named.path?.[name]));
        for (const extreme of EXTREMES) {
          for (const place of body)
            await expectNoFault(method, where, withNumber(named.body, place, extreme), place.join('.'));
          for (const name of query)
            await expectNoFault(method, `${where}?${name}=${extreme}`, undefined, name);
        }
      });
    }

  async function expectNoFault(method: string, path: string, body: unknown, what: string): Promise<void> {
    const answer = await fetch(`${api.url}${path}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${admin.access}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    await answer.arrayBuffer();
    // 503: the feature is not configured here.
    if (answer.status !== 503)
      expect(answer.status, `${what} of ${JSON.stringify(body) ?? path}`).to.be.below(500);
  }
});

describe('an id in a path', function () {
  this.timeout(60_000);
  let api: Api;
  let admin: BuiltUser;
  before(async () => {
    api = await serveWeb();
    admin = await buildUser({ role: 'admin' });
    await talk(admin);
  });
  after(() => api.close());

  for (const [path, { get }] of Object.entries(openapi.paths)) {
    const route = `GET ${path}`;
    const ids = [...path.matchAll(/\{(\w*id)\}/g)].map(([, name = '']) => name);
    const isOurs = path.startsWith('/api/') && !rules[route]?.tokenInQuery;
    if (get === undefined || ids.length === 0 || !isOurs) continue;
    it(`has one form in ${route}`, async () => {
      const names = (await rules[route]?.names?.(admin)) ?? {};
      const headers = { authorization: `Bearer ${admin.access}` };
      for (const form of ['0N', '%2BN', 'N.0', 'Ne0', '%20N', 'N%20', '0xN', 'N%00']) {
        const where = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
          const value = String(names.path?.[name]);
          return ids.includes(name) ? form.replace('N', value) : value;
        });
        const query = names.query === undefined ? '' : `?${names.query}`;
        const { status } = await fetch(`${api.url}${where}${query}`, { headers });
        expect(status, where).to.be.oneOf([404, 503]);
      }
    });
  }
});

type Described = {
  parameters?: { in: string; name: string; schema: SchemaObject }[];
  requestBody?: { content: Record<string, { schema: SchemaObject }> };
};

/** Returns where a route takes numbers: places in its body, and names of its query. */
function numbersOf({ parameters = [], requestBody }: Described): { body: string[][]; query: string[] } {
  const schema = requestBody?.content['application/json']?.schema;
  const query = parameters
    .filter((one) => one.in === 'query' && isNumber(one.schema))
    .map(({ name }) => name);
  return { body: schema === undefined ? [] : placesIn(schema), query };
}

function placesIn(schema: SchemaObject): string[][] {
  const fields = Object.entries((schema.properties ?? {}) as Record<string, SchemaObject>);
  return fields.flatMap(([name, field]) =>
    isNumber(field) || isNumber((field.items ?? {}) as SchemaObject)
      ? [[name]]
      : placesIn(field).map((place) => [name, ...place]),
  );
}

function isNumber({ type, anyOf = [] }: SchemaObject): boolean {
  const types = [type, ...(anyOf as SchemaObject[]).map((one) => one.type)].flat();
  return types.includes('integer') || types.includes('number');
}

function withNumber(body: unknown, [name = '', ...rest]: string[], value: number): object {
  const given = (body ?? {}) as Record<string, unknown>;
  return { ...given, [name]: rest.length === 0 ? value : withNumber(given[name], rest, value) };
}
