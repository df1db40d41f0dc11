import SwaggerParser from '@apidevtools/swagger-parser';
import { expect } from 'chai';
import type { SchemaObject } from 'ajv';
import { chatContract } from '../../api/chat/contract.ts';
import { idempotencyKey } from '../../api/middleware/headers.ts';
import { documentPath } from '../../api/docs/openapi.ts';
import { routes } from '../../api/routes.ts';
import { call, servedApi } from '../support/api.ts';
import { checkAnswer, checkValue, openapi } from '../support/openapi.ts';

describe('/openapi.json', () => {
  const api = servedApi();

  it('is served as JSON', async () => {
    const { status, headers, body } = await call(`${api.url}/openapi.json`);
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.match(/^application\/json/);
    expect(body).to.deep.equal(JSON.parse(JSON.stringify(openapi)));
  });

  it('is valid OpenAPI 3.1', async () => {
    // The parser changes its input, so it gets a copy.
    await SwaggerParser.validate(JSON.parse(JSON.stringify(openapi)));
  });

  it('has every served route and no other', () => {
    const layers = routes.stack.flatMap(({ methods, path }) => {
      const some = methods.length > 10 ? ['GET'] : methods.filter((method) => method !== 'HEAD');
      return some.map((method) => `${method} ${documentPath(String(path))}`);
    });
    const documented = Object.entries(openapi.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented).to.have.members(layers);
  });

  it('names every operation once', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('has the schemas that validate requests', () => {
    const { requestBody, parameters, security } = openapi.paths['/api/v1/chat/send']!.post!;
    const sendBody = chatContract.routes['POST /api/v1/chat/send'].body;
    expect(requestBody?.content['application/json']?.schema).to.equal(sendBody);
    expect(parameters).to.deep.include.members([idempotencyKey]);
    expect(security).to.deep.equal([{ token: [] }]);
  });

  it('has examples that match their schemas', () => {
    for (const [name, schema] of Object.entries(openapi.components.schemas))
      for (const example of (schema.examples ?? []) as unknown[]) checkValue(name, schema, example);
    for (const { operationId, requestBody } of operations()) {
      const { schema, example } = requestBody?.content['application/json'] ?? {};
      if (example !== undefined) checkValue(`the example of ${operationId}`, schema as SchemaObject, example);
    }
  });

  describe('checking answers against it', () => {
    const url = 'http://127.0.0.1/api/v1/runs/1';
    const headers = new Headers({ 'x-request-id': '1', 'content-type': 'application/json; charset=utf-8' });
    const run = openapi.components.schemas.Run?.examples[0] as Record<string, unknown>;
    const check = (status: number, body: Record<string, unknown>, sent = headers) =>
      checkAnswer('GET', url, { status, headers: sent, body });

    it('accepts a correct answer', () => check(200, run));
    it('refuses a field of another type', () =>
      expect(() => check(200, { ...run, attempt: '1' })).to.throw('not as described'));
    it('refuses a missing field', () =>
      expect(() => check(200, { ...run, usage: undefined })).to.throw('not as described'));
    it('refuses an additional field', () =>
      expect(() => check(200, { ...run, more: 1 })).to.throw('not as described'));
    it('refuses an additional nested field', () =>
      expect(() => check(200, { ...run, usage: { ...(run.usage as object), more: 1 } })).to.throw(
        'not as desc',
      ));
    it('refuses another status', () => expect(() => check(201, run)).to.throw('is not described'));
    it('refuses a missing header', () =>
      expect(() => check(200, run, new Headers())).to.throw('lacks the header X-Request-Id'));
  });
});

function operations() {
  return Object.values(openapi.paths).flatMap((path) => Object.values(path));
}
