import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import makeKnex from 'knex';
import { presentProblem, problem, toProblem } from '../../shared/base/errors.ts';
import { type Answer, call, servedApi } from '../support/api.ts';
import { buildUser } from '../support/factories.ts';

const LIMIT = 256 * 1024;

describe('errors of the API', () => {
  const api = servedApi();

  const login = (body: unknown, headers: Record<string, string> = {}) =>
    api.call('POST', '/auth/login', body, { headers });

  function expectProblem(answer: Answer, status: number, code: string): void {
    expect(answer.status, JSON.stringify(answer.body)).to.equal(status);
    expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
    expect(answer.body).to.include({ status, code });
    expect(answer.body).to.include.keys('type', 'title', 'detail', 'instance');
    expect(JSON.stringify(answer.body)).not.to.match(/node_modules|\.ts|select |insert |argon/i);
  }

  describe('bodies', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const withField = (json: string) => `{"email":"a@b.co","password":"x","more":${json}}`;
    const cases: [string, string | Uint8Array, number, string][] = [
      ['broken JSON', '{"email":', 400, 'malformed_json'],
      ['no JSON at all', 'email=a&password=b', 400, 'malformed_json'],
      ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'malformed_json'],
      ['an array', '[]', 400, 'validation_failed'],
      ['a text', '"x"', 400, 'validation_failed'],
      ['null', 'null', 400, 'validation_failed'],
      ['nothing, which is an empty object', '', 400, 'validation_failed'],
      ['100,000 open brackets', '['.repeat(100_000), 400, 'malformed_json'],
      ['depth 33', withField(nested(32)), 400, 'validation_failed'],
      ['NUL', '{"email":"a\\u0000","password":"x"}', 400, 'validation_failed'],
      ['NUL in a key', '{"email":"a","password":"x","\\u0000":1}', 400, 'validation_failed'],
      ['a lone surrogate', '{"email":"a","password":"\\ud800"}', 400, 'validation_failed'],
      ['a lone surrogate in a key', '{"email":"a","password":"x","\\udc00":1}', 400, 'validation_failed'],
      ['__proto__', '{"__proto__":{"email":"a","password":"x"}}', 400, 'validation_failed'],
      ['__proto__ beside the rest', '{"email":"a","password":"x","__proto__":{}}', 400, 'validation_failed'],
      ['a number beyond a double', withField('1e999'), 400, 'validation_failed'],
      ['one byte too many', `"${'x'.repeat(LIMIT - 1)}"`, 413, 'body_too_large'],
    ];
    for (const [what, body, status, code] of cases) {
      it(`are refused with ${what}`, async () => {
        expectProblem(await login(body), status, code);
      });
    }

    it('are refused beyond 32 levels', async () => {
      expect((await login(withField(nested(32)))).body.errors).to.deep.equal([
        { path: '', message: 'must be nested at most 32 deep' },
      ]);
      // One level less is only an unknown field.
      expect((await login(withField(nested(31)))).body.errors).to.deep.equal([
        { path: '/more', message: 'must be left out: this field is not known' },
      ]);
    });

    it('are refused with a JSON pointer to each invalid field', async () => {
      const { body } = await login({ email: 7, 'a/b~c': 1 });
      expect(body.errors).to.have.deep.members([
        { path: '/password', message: 'must be present' },
        { path: '/a~1b~0c', message: 'must be left out: this field is not known' },
        { path: '/email', message: 'must be a string' },
      ]);
    });

    it('are refused for a too long list or too many fields before each is checked', async () => {
      const { access } = await buildUser({ role: 'agent' });
      const create = async (fields: object) => {
        const body = { question: 'Q', answer: 'A', ...fields };
        return (await api.call('POST', '/faqs', body, { token: access })).body.errors as object[];
      };
      const keywords = Array.from({ length: 80_000 }, () => 1);
      expect(await create({ keywords })).to.deep.equal([
        { path: '/keywords', message: 'must be at most 50 items long' },
      ]);
      expect(await create({ keywords: keywords.slice(0, 51) })).to.have.length(1);
      expect(await create({ keywords: [1, 'ok', 2] })).to.have.length(2);
      const many = Object.fromEntries(keywords.slice(0, 20_000).map((_, i) => [`k${i}`, 1]));
      const errors = await create(many);
      expect(errors).to.have.length(20);
      expect(errors[0]).to.deep.equal({ path: '/k0', message: 'must be left out: this field is not known' });
    });

    it('are accepted up to exactly 256 KiB', async () => {
      expectProblem(await login(`"${'x'.repeat(LIMIT - 2)}"`), 400, 'validation_failed');
    });

    it('are stopped at the limit without a Content-Length', async () => {
      const answer = await fetch(`${api.url}/api/v1/auth/login`, {
        method: 'POST',
        body: new Blob(['"', 'x'.repeat(LIMIT)]).stream(),
        duplex: 'half',
      } as RequestInit);
      expect(answer.status).to.equal(413);
    });

    it('are read as JSON of any type and encoding', async () => {
      const { email } = await buildUser();
      const json = JSON.stringify({ email, password: 'correct horse battery' });
      for (const [encoding, bytes] of [
        ['gzip', gzipSync(json)],
        ['deflate', deflateSync(json)],
        ['br', brotliCompressSync(json)],
        ['identity', Buffer.from(`\ufeff${json}`)],
      ] as const) {
        const answer = await login(bytes, { 'content-encoding': encoding, 'content-type': 'text/plain' });
        expect(answer.status, encoding).to.equal(200);
      }
    });

    it('are inflated up to the limit only', async () => {
      const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
      expectProblem(await login(bomb, { 'content-encoding': 'gzip' }), 413, 'body_too_large');
    });

    it('are refused when they do not inflate, are cut short or have an unknown encoding', async () => {
      const gzip = gzipSync('{"email":"a","password":"b"}');
      expectProblem(await login('nope', { 'content-encoding': 'gzip' }), 400, 'malformed_json');
      expectProblem(await login(gzip.subarray(0, -9), { 'content-encoding': 'gzip' }), 400, 'malformed_json');
      expectProblem(await login('{}', { 'content-encoding': 'zip' }), 415, 'unsupported_encoding');
    });

    for (const encoding of ['identity', 'gzip']) {
      it(`may break off without harm to the server (${encoding})`, async () => {
        const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
        await once(socket, 'connect');
        socket.write(
          `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Encoding: ${encoding}\r\nContent-Length: 999\r\n\r\n`,
        );
        socket.write(gzipSync('{}').subarray(0, 12));
        socket.destroy();
        await once(socket, 'close');
        expect((await call(`${api.url}/livez`)).status).to.equal(200);
      });
    }
  });

  describe('routes', () => {
    it('answer 404 for an unknown path', async () => {
      for (const path of ['/nothing', '/users/me/nothing', '/%00', '/%zz', '/nothing/..%2f..']) {
        expectProblem(await api.call('GET', path), 404, 'not_found');
      }
      expectProblem(await call(`${api.url}/nothing`), 404, 'not_found');
    });

    it('answer 405 with the allowed methods', async () => {
      const answer = await api.call('DELETE', '/users/me/sessions');
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers.get('allow')?.split(', ')).to.have.members(['HEAD', 'GET']);
      expectProblem(await api.call('PROPFIND', '/users/me/sessions'), 405, 'method_not_allowed');
    });

    it('show the path in problems, not the query', async () => {
      const { body } = await api.call('GET', '/nothing?token=secret');
      expect(body.instance).to.equal('/api/v1/nothing');
    });
  });

  describe('headers', () => {
    it('return a valid X-Request-Id and replace any other', async () => {
      const idFor = async (id: string) =>
        (await api.call('GET', '/nothing', undefined, { headers: { 'x-request-id': id } })).headers.get(
          'x-request-id',
        );
      expect(await idFor('abc-1.2_3')).to.equal('abc-1.2_3');
      expect(await idFor('x'.repeat(64))).to.equal('x'.repeat(64));
      for (const id of ['x'.repeat(65), 'a b', '"quoted"', ''])
        expect(await idFor(id)).to.match(/^[0-9a-f-]{36}$/);
    });

    it('harden every answer', async () => {
      const { headers } = await api.call('GET', '/nothing');
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('content-security-policy')).to.contain("default-src 'none'");
      expect(headers.get('cache-control')).to.equal('no-store');
      expect(headers.get('x-powered-by')).to.equal(null);
    });

    it('allow the listed origin, on errors too, and no other', async () => {
      const from = (origin: string) => api.call('GET', '/nothing', undefined, { headers: { origin } });
      const { headers } = await from('http://localhost:3000');
      expect(headers.get('access-control-allow-origin')).to.equal('http://localhost:3000');
      expect(headers.get('access-control-expose-headers')).to.contain('Idempotency-Replayed');
      expect((await from('http://evil.example')).headers.get('access-control-allow-origin')).to.equal(null);
    });

    it('answer a preflight', async () => {
      const { status, headers } = await api.call('OPTIONS', '/auth/login', undefined, {
        headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
      });
      expect(status).to.equal(204);
      expect(headers.get('access-control-allow-headers')).to.contain('Idempotency-Key');
    });
  });

  describe('health', () => {
    it('reports alive and ready', async () => {
      expect((await call(`${api.url}/livez`)).status).to.equal(200);
      expect((await call(`${api.url}/readyz`)).body).to.deep.equal({ status: 'ready' });
    });

    it('reports degraded when the model is away', async () => {
      const { status, body } = await call(`${api.url}/health`);
      expect(status).to.equal(200);
      expect(body.status).to.equal('degraded');
      expect(body.checks).to.deep.equal({
        database: 'healthy',
        redis: 'healthy',
        openai: 'unhealthy: unreachable',
      });
    });
  });

  describe('a thrown error', () => {
    it('reveals nothing when it is unknown', () => {
      const body = presentProblem(new TypeError('SELECT secret FROM /etc/passwd'), '/x');
      expect(body).to.include({ status: 500, code: 'internal_error', instance: '/x' });
      expect(JSON.stringify(body)).not.to.contain('secret');
    });

    it('becomes 503 with Retry-After when the database cannot be reached', async () => {
      const nowhere = makeKnex({ client: 'pg', connection: 'postgres://127.0.0.1:1/x', log: { warn() {} } });
      const err = await nowhere.raw('SELECT 1').catch((thrown: unknown) => thrown);
      await nowhere.destroy();
      expect(toProblem(err)).to.include({ status: 503, code: 'service_unavailable', retryAfterS: 2 });
    });

    it('becomes 503 when a statement timed out', async () => {
      const timeout = Object.assign(new Error('canceling statement'), { code: '57014' });
      expect(toProblem(timeout).code).to.equal('service_unavailable');
      expect(toProblem(Object.assign(new Error('duplicate key'), { code: '23505' })).status).to.equal(500);
    });

    it('keeps its code and fields when it is a problem', () => {
      const err = problem('validation_failed', 'no', { errors: [{ path: '/a', message: 'b' }] });
      expect(presentProblem(err, '/x'))
        .to.include({ status: 400, detail: 'no' })
        .and.to.have.property('errors');
    });
  });
});
