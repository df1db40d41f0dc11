import { readFileSync } from 'node:fs';
import { Ajv, type SchemaObject } from 'ajv';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { buildAsyncapi } from '../../api/docs/asyncapi.ts';
import { clientEvents } from '../../api/sockets/description.ts';
import { handlers } from '../../api/sockets/events.ts';
import { type Api, call, serveApi } from '../support/api.ts';
import { checkValue } from '../support/openapi.ts';

describe('/asyncapi.json', () => {
  let api: Api;
  const asyncapi = buildAsyncapi();
  before(async () => {
    api = await serveApi();
  });
  after(() => api.close());

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

  it('refers to nothing that is not there', () => {
    for (const [ref = ''] of JSON.stringify(asyncapi).matchAll(/(?<="\$ref":")[^"]+/g)) {
      const steps = ref.split('/').slice(1);
      const found = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], asyncapi);
      expect(found, ref).to.be.an('object');
    }
  });

  it('has every event that clients may send, with the very schema that checks it', () => {
    expect(Object.keys(clientEvents)).to.have.members(Object.keys(handlers));
    const { messages } = asyncapi.channels.socket!;
    const payloads = Object.values(messages).map(({ payload }) => payload);
    for (const { frame } of Object.values(clientEvents)) expect(payloads).to.include(frame);
    const source = readFileSync(new URL('../../api/sockets/events.ts', import.meta.url), 'utf8');
    const checked = new Set(source.match(/check\(\w+/g));
    expect(checked.size).to.equal(new Set(Object.values(clientEvents).map(({ frame }) => frame)).size);
  });

  it('gives examples that fit', () => {
    for (const [name, { frame, example }] of Object.entries(clientEvents)) checkValue(name, frame, example);
  });
});
