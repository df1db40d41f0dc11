import { type ProblemCode, Problem, presentProblem, problem, toProblem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from './ctx.ts';

/** Turns what is thrown behind it, and answers without a body (404, 405), into application/problem+json. */
export async function errors(ctx: Ctx, next: Next): Promise<void> {
  try {
    await next();
    if (!ctx.headerSent && (ctx.body ?? null) === null && ctx.respond !== false) refuseUnrouted(ctx.status);
  } catch (err) {
    answer(ctx, fromKoa(err));
  }
}

function refuseUnrouted(status: number): void {
  if (status === 404) throw problem('not_found');
  // The router answers 501 to a method that no route has.
  if (status === 405 || status === 501) throw problem('method_not_allowed');
}

/** Translates errors of Koa and its middleware (`http-errors`), which have a status. Their texts are not shown. */
function fromKoa(err: unknown): Problem {
  if (err instanceof Error && 'expose' in err && err.expose === true && 'status' in err) {
    const code = KOA_CODES[Number(err.status)] ?? 'bad_request';
    return problem(code, undefined, { cause: err });
  }
  return toProblem(err);
}

const KOA_CODES: Record<number, ProblemCode> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_encoding',
};

function answer(ctx: Ctx, err: Problem): void {
  // A problem without a cause was raised on purpose (draining, a full queue) and is not a fault.
  if (err.status >= 500 && err.cause !== undefined)
    ctx.state.log.error(
      { err: err.cause, code: err.code },
      'Request failed; its client gets a problem, or a cut connection',
    );
  if (ctx.headerSent) {
    // Half of a stream is out. Only a cut connection tells the client that it failed.
    ctx.res.destroy();
    return;
  }
  ctx.status = err.status;
  ctx.body = presentProblem(err, ctx.path);
  ctx.type = 'application/problem+json';
  // Otherwise Node would wait for the rest of the body.
  if (err.status === 408) ctx.set('Connection', 'close');
  if (err.status === 401) ctx.set('WWW-Authenticate', 'Bearer');
  if (err.retryAfterS !== undefined) ctx.set('Retry-After', String(Math.ceil(err.retryAfterS)));
}
