/** The part of @koa/cors that Parley uses. The package ships no types. */
declare module '@koa/cors' {
  import type { Context, Middleware } from 'koa';

  type Options = {
    origin: (ctx: Context) => string;
    allowMethods: string[];
    allowHeaders: string[];
    exposeHeaders: string[];
    credentials?: (ctx: Context) => boolean;
    maxAge: number;
    keepHeadersOnError: boolean;
  };
  export default function cors(options: Options): Middleware;
}
