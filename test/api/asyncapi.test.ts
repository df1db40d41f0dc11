import { readFileSync } from 'node:fs';
import { Ajv, type SchemaObject } from 'ajv';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { buildAsyncapi } from '../../api/docs/asyncapi.ts';
import type { ClientEvent } from '../../api/contract/contract.ts';
import { clientEvents } from '../../api/sockets/contract.ts';
import { call, servedApi } from '../support/api.ts';
import { checkValue } from '../support/openapi.ts';

describe('/asyncapi.json', () => {
  const api = servedApi();
  const asyncapi = buildAsyncapi();
  const events: Record<string, ClientEvent> = clientEvents;

  it('is served as JSON', async () => {
    const { status, body } = await call(`${api.url}/asyncapi.json`);
    expect(status).to.equal(200);
    expect(body).to.deep.equal(JSON.parse(JSON.stringify(asyncapi)));
  });

  it('is valid AsyncAPI 3.0', () => {
    const path = new URL(import.meta.resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'));
    const ajv = new Ajv({ strict: false, validateFormats: false });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as SchemaObject);
    expect(
      validate(JSON.parse(JSON.stringify(asyncapi))),
      JSON.stringify(validate.errors?.slice(0, 3)),
    ).to.equal(true);
  });

  it('has no dangling reference', () => {
    for (const [ref = ''] of JSON.stringify(asyncapi).matchAll(/(?<="\$ref":")[^"]+/g)) {
      const steps = ref.split('/').slice(1);
      const found = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], asyncapi);
      expect(found, ref).to.be.an('object');
    }
  });

  it('has every client event, with the schema that validates it', () => {
    const { messages } = asyncapi.channels.socket!;
    const payloads = Object.values(messages).map(({ payload }) => payload);
    for (const { frame } of Object.values(events)) expect(payloads).to.include(frame);
  });

  it('has examples that match their schemas', () => {
    for (const [name, { frame, example }] of Object.entries(events)) checkValue(name, frame, example);
  });
});
