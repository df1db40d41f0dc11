import { problem } from '../../shared/base/errors.ts';
import { serve } from '../contract/serve.ts';
import type { Ctx } from '../middleware/ctx.ts';
import { pageContract } from './contract.ts';
import { type BuiltFile, builtFile } from './files.ts';
import { framePolicy, pagePolicy, panelPolicy } from './policy.ts';

const chat = [pagePolicy, (ctx: Ctx) => sendPage(ctx, 'chat/index.html')] as const;

const panel = [panelPolicy, (ctx: Ctx) => sendPage(ctx, 'admin/index.html')] as const;

/** The pages of `web/dist`. The API needs none of them. */
export const pages = serve(pageContract, {
  'GET /': [...chat],
  'GET /c/:id': [...chat],
  'GET /account': [...chat],
  'GET /register': [...chat],
  'GET /forgot-password': [...chat],
  'GET /reset-password': [...chat],
  'GET /verify-email': [...chat],
  'GET /admin{/*path}': [...panel],
  'GET /erased': [...chat],
  'GET /widget': [framePolicy, (ctx) => sendPage(ctx, 'widget/index.html')],
  'GET /widget.js': (ctx) => {
    // Pages of other sites load it.
    ctx.set('Cross-Origin-Resource-Policy', 'cross-origin');
    sendPage(ctx, 'widget.js');
  },
  'GET /assets/:file': (ctx) => {
    sendFile(ctx, found(`assets/${ctx.params.file}`), 'public, max-age=31536000, immutable');
  },
  'GET /sw.js': [pagePolicy, (ctx: Ctx) => sendFile(ctx, found('sw.js'), 'no-cache')],
  'GET /manifest.webmanifest': (ctx) => sendFile(ctx, found('manifest.webmanifest'), HOUR),
  'GET /icon.svg': (ctx) => sendFile(ctx, found('icon.svg'), HOUR),
  'GET /icon-192.png': (ctx) => sendFile(ctx, found('icon-192.png'), HOUR),
  'GET /icon-512.png': (ctx) => sendFile(ctx, found('icon-512.png'), HOUR),
});

const HOUR = 'public, max-age=3600';

/** Sends a page, which a browser must ask for again each time. @throws Problem `not_configured` without a build */
function sendPage(ctx: Ctx, path: string): void {
  const file = builtFile(path);
  if (file === undefined) throw problem('not_configured', 'The pages are not built: run `npm run web`');
  sendFile(ctx, file, 'no-cache');
}

function found(path: string): BuiltFile {
  const file = builtFile(path);
  if (file === undefined) throw problem('not_found');
  return file;
}

/** Sends a file in the smallest form that the client takes, or a 304. */
function sendFile(ctx: Ctx, file: BuiltFile, caching: string): void {
  ctx.status = 200;
  ctx.set({ 'Cache-Control': caching, ETag: file.etag, Vary: 'Accept-Encoding' });
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  ctx.type = file.type;
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity');
  const packed = encoding === 'br' || encoding === 'gzip' ? file[encoding] : undefined;
  if (packed !== undefined && encoding !== false) ctx.set('Content-Encoding', encoding);
  ctx.body = packed ?? file.plain;
}
