import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { expect } from 'chai';
import { servedApi } from '../support/api.ts';
import { startPrefixProxy } from '../support/prefix.ts';
import { startProcfile } from '../../lab/kit/processes.ts';

describe('pages', () => {
  const api = servedApi();

  /** Sends a request that decodes nothing. */
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await request(`${api.url}${path}`, { headers });
    return { ...answer, bytes: Buffer.from(await answer.body.arrayBuffer()) };
  };
  const partsOf = (page: string) =>
    [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, part = '']) => part);

  it('are asked for again each time, and sent only when they changed', async () => {
    for (const path of ['/', '/c/12', '/account', '/admin', '/admin/inbox', '/admin/inbox/12']) {
      const { statusCode, headers, bytes } = await get(path);
      expect(statusCode, path).to.equal(200);
      expect(headers['content-type']).to.equal('text/html; charset=utf-8');
      expect(headers['cache-control']).to.equal('no-cache');
      expect(String(bytes)).to.contain('<div id="root">');
      const again = await get(path, { 'if-none-match': String(headers.etag) });
      expect([again.statusCode, again.bytes.length]).to.deep.equal([304, 0]);
      expect(again.headers['content-security-policy']).to.equal(headers['content-security-policy']);
    }
  });

  it('allow no inline script, no other site and no frame around them', async () => {
    const { headers, bytes } = await get('/');
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).to.include.members([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]);
    expect(policy.join()).to.not.match(/unsafe|https?:/);
    expect(String(bytes)).to.not.match(/<script(?![^>]*src)|<style|\son\w+=/);
  });

  it('are made of files that are cached for ever and sent compressed', async () => {
    const assets = partsOf(String((await get('/')).bytes)).filter((part) => part.startsWith('/assets/'));
    expect(assets.length).to.be.at.least(2);
    for (const path of assets) {
      const plain = await get(path, { 'accept-encoding': 'identity' });
      expect(plain.headers['cache-control']).to.equal('public, max-age=31536000, immutable');
      expect(plain.headers['content-encoding']).to.equal(undefined);
      expect(plain.headers.vary).to.contain('Accept-Encoding');
      if (plain.bytes.length < 1_024) continue;
      const [br, gzip] = await Promise.all(
        ['br', 'gzip'].map((encoding) => get(path, { 'accept-encoding': encoding })),
      );
      expect([br?.headers['content-encoding'], gzip?.headers['content-encoding']]).to.deep.equal([
        'br',
        'gzip',
      ]);
      const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
      expect(hash(brotliDecompressSync(br?.bytes ?? ''))).to.equal(hash(plain.bytes));
      expect(hash(gunzipSync(gzip?.bytes ?? ''))).to.equal(hash(plain.bytes));
    }
  });

  it('serve the files of the build and no others', async () => {
    for (const path of [
      '/assets/none.js',
      '/assets/..%2f..%2fpackage.json',
      '/assets/..%2fsources.txt',
      '/sources.txt',
    ])
      expect((await get(path)).statusCode, path).to.equal(404);
    for (const path of ['/manifest.webmanifest', '/icon.svg'])
      expect((await get(path)).statusCode, path).to.equal(200);
  });

  it('load their parts below the prefix of PUBLIC_URL', async function () {
    this.timeout(60_000);
    const proxy = await startPrefixProxy('/parley');
    const web = await startProcfile('web', { PUBLIC_URL: proxy.url });
    try {
      proxy.to(web.url);
      for (const path of ['/', '/c/12']) {
        const page = await fetch(`${proxy.url}${path}`);
        const parts = partsOf(await page.text());
        expect(parts.length).to.be.at.least(4);
        for (const part of parts) expect((await fetch(new URL(part, page.url))).status, part).to.equal(200);
      }
    } finally {
      await proxy.close();
      await web.stop();
    }
  });
});
