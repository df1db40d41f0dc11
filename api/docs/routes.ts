import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Router from '@koa/router';
import { problem } from '../../shared/errors.ts';
import type { Context, Next, RouteContext, State } from '../context.ts';
import { buildAsyncapi } from './asyncapi.ts';
import { descriptions } from './descriptions.ts';
import { buildOpenapi, type Layer } from './openapi.ts';
import { page, script } from './page.ts';

/** The API, described by itself: to machines and, at /docs, to people. `stack` is that of the whole router. */
export function buildDocs(stack: Layer[]): Router<State> {
  const docs = new Router<State>();
  // Made when first asked for: all routes are known by then. They never change.
  let openapi: string | undefined;
  let asyncapi: string | undefined;

  docs.get('/openapi.json', (ctx: RouteContext) => {
    openapi ??= JSON.stringify(buildOpenapi(stack, descriptions));
    ctx.type = 'json';
    ctx.body = openapi;
  });

  docs.get('/asyncapi.json', (ctx: RouteContext) => {
    asyncapi ??= JSON.stringify(buildAsyncapi());
    ctx.type = 'json';
    ctx.body = asyncapi;
  });

  docs.get('/docs', headers, (ctx: RouteContext) => {
    ctx.body = page(ctx.path.endsWith('/') ? './' : 'docs/');
  });

  docs.get('/docs/:file', headers, async (ctx: RouteContext) => {
    const { file = '' } = ctx.params;
    const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    if (type === undefined) throw problem('not_found');
    ctx.type = type;
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = file === SCRIPT ? script : await readFile(join(ASSETS, file));
  });
  return docs;
}

const SCRIPT = 'docs.js';
const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
/** Nothing else of the package is served. */
const FILES: Record<string, string> = {
  [SCRIPT]: 'js',
  'swagger-ui-bundle.js': 'js',
  'swagger-ui.css': 'css',
  'favicon-32x32.png': 'png',
};

/** Swagger UI styles its elements itself. Scripts come from here alone, and nothing from other sites. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

async function headers(ctx: Context, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', CSP);
  await next();
}
