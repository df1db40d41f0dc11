import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { buildApp } from '../../api/app.ts';
import { checkAnswer } from './openapi.ts';

/** An answer with its parsed JSON; `{}` without any. */
export type Answer = { status: number; headers: Headers; body: Record<string, unknown> };
type Options = { token?: string; headers?: Record<string, string> };

export type Api = {
  url: string;
  /** Sends a request. `path` follows `/api/v1`. `body` is sent as JSON; text and bytes are sent unchanged. */
  call: (method: string, path: string, body?: unknown, options?: Options) => Promise<Answer>;
  close: () => Promise<void>;
};

/** Serves the app on a free port. Close it in `after`. */
export async function serveApi(): Promise<Api> {
  const server = createServer(buildApp().callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    call: (method, path, body, options) => call(`${url}/api/v1${path}`, method, body, options),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Serves the app for the present suite. */
export function servedApi(): Api {
  return forSuite(serveApi);
}

/** Registers hooks of the present suite that serve an API, and close it. */
export function forSuite(serve: () => Promise<Api>): Api {
  let api: Api;
  before(async () => {
    api = await serve();
  });
  after(() => api.close());
  return {
    get url() {
      return api.url;
    },
    call: (...request) => api.call(...request),
    close: () => api.close(),
  };
}

/** Sends one request to any URL. @throws when the answer differs from /openapi.json */
export async function call(
  url: string,
  method = 'GET',
  body?: unknown,
  { token, headers = {} }: Options = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: asBody(body) }),
  });
  const text = await answer.text();
  const { status, headers: received } = answer;
  const read: Answer = { status, headers: received, body: text === '' ? {} : JSON.parse(text) };
  checkAnswer(method, url, read);
  return read;
}

/** Expects a problem, and that it names a field, such as `/slug`. */
export function expectProblem({ status, body }: Answer, expected: number, code: string, path?: string): void {
  expect(status, JSON.stringify(body)).to.equal(expected);
  expect(body).to.include({ status: expected, code });
  if (path !== undefined)
    expect((body.errors as { path: string }[]).map((error) => error.path)).to.include(path);
}

function asBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}
