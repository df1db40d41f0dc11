import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env } from '../../shared/base/env.ts';
import { problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from '../middleware/ctx.ts';
import { type Resource, serve } from '../contract/serve.ts';
import { buildAsyncapi } from './asyncapi.ts';
import { docsContract } from './contract.ts';
import { buildOpenapi } from './openapi.ts';
import { page, script } from './page.ts';

/** Serves the API's description: to machines, and to people at /docs. */
export function buildDocs(resources: () => Resource[]): Resource {
  // Built at the first request, when all routes are known. They never change after that.
  let openapi: string | undefined;
  let asyncapi: string | undefined;
  return serve(docsContract, {
    'GET /openapi.json': [
      shown,
      (ctx) => {
        openapi ??= JSON.stringify(buildOpenapi(resources()));
        ctx.type = 'json';
        ctx.body = openapi;
      },
    ],

    'GET /asyncapi.json': [
      shown,
      (ctx) => {
        asyncapi ??= JSON.stringify(buildAsyncapi());
        ctx.type = 'json';
        ctx.body = asyncapi;
      },
    ],

    'GET /docs': [
      shown,
      headers,
      (ctx) => {
        ctx.body = page(ctx.path.endsWith('/') ? './' : 'docs/');
      },
    ],

    'GET /docs/:file': [
      shown,
      headers,
      async (ctx) => {
        const { file = '' } = ctx.params;
        const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
        if (type === undefined) throw problem('not_found');
        ctx.type = type;
        ctx.set('Cache-Control', 'public, max-age=3600');
        ctx.body = file === SCRIPT ? script : await readFile(join(ASSETS, file));
      },
    ],
  });
}

const SCRIPT = 'docs.js';
const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
/** The only files of the package that are served. */
const FILES: Record<string, string> = {
  [SCRIPT]: 'js',
  'swagger-ui-bundle.js': 'js',
  'swagger-ui.css': 'css',
  'favicon-32x32.png': 'png',
};

/** Swagger UI needs inline styles. Scripts come from this server alone, and nothing comes from other sites. */
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

/** Hides the documents if an operator set DOCS=off. @throws Problem `not_found` */
async function shown(_: Ctx, next: Next): Promise<void> {
  if (env.DOCS === 'off') throw problem('not_found');
  await next();
}

async function headers(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', CSP);
  await next();
}
