import { expect } from 'chai';
import { env } from '../../shared/base/env.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { call, servedApi } from '../support/api.ts';

const TOKEN = 'metrics-token-of-the-test';

describe('settings that close routes', () => {
  const api = servedApi();
  const settings = env as { METRICS_TOKEN: string; DOCS: 'on' | 'off' };
  afterEach(() => Object.assign(settings, { METRICS_TOKEN: '', DOCS: 'on' }));
  const get = (path: string, headers = {}) => fetch(`${api.url}${path}`, { headers });

  it('keep /metrics open without METRICS_TOKEN, and require the token when it is set', async () => {
    expect((await get('/metrics')).status).to.equal(200);
    settings.METRICS_TOKEN = TOKEN;
    for (const authorization of ['', 'Bearer x', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const refused = await call(`${api.url}/metrics`, 'GET', undefined, { headers: { authorization } });
      expect([refused.status, refused.body.code]).to.deep.equal([401, 'unauthenticated']);
    }
    const scraped = await get('/metrics', { authorization: `Bearer ${TOKEN}` });
    expect([scraped.status, await scraped.text()]).to.satisfy(
      ([status, text]: [number, string]) => status === 200 && text.includes('http_requests_total'),
    );
    // Probes stay open: load balancers have no token.
    expect((await get('/livez')).status).to.equal(200);
  });

  it('require METRICS_TOKEN on the metrics port of workers too', async () => {
    const port = await freePort();
    const worker = await startProcfile('moderation', { METRICS_PORT: String(port), METRICS_TOKEN: TOKEN });
    try {
      const at = `http://127.0.0.1:${port}`;
      expect((await fetch(`${at}/metrics`)).status).to.equal(401);
      const headers = { authorization: `Bearer ${TOKEN}` };
      expect((await fetch(`${at}/metrics`, { headers })).status).to.equal(200);
      expect((await fetch(`${at}/livez`)).status).to.equal(200);
    } finally {
      await worker.stop();
    }
  }).timeout(60_000);

  it('serve the documents, and answer 404 for each when DOCS is off', async () => {
    const paths = ['/docs', '/docs/docs.js', '/openapi.json', '/asyncapi.json'];
    for (const path of paths) expect((await get(path)).status, path).to.equal(200);
    settings.DOCS = 'off';
    for (const path of paths) {
      const answer = await get(path);
      expect([answer.status, ((await answer.json()) as { code: string }).code], path).to.deep.equal([
        404,
        'not_found',
      ]);
    }
  });
});
