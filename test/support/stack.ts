import { type Answer, call } from './api.ts';
import { processTypes } from '../../scripts/services/procfile.ts';
import { onNative } from './native.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { type Provider, startProvider } from './provider.ts';

/** The Procfile's workers that answer messages and keep what answers need. Tests of notifications add `notification`. */
const OTHERS = ['web', 'analytics', 'notification'];
export const WORKERS = processTypes().filter((type) => !OTHERS.includes(type));

/** The product: processes of the Procfile, and the stand-in for the model. */
export type Stack = {
  web: string[];
  provider: Provider;
  of: (type: string) => Process[];
  add: (type: string, env?: Record<string, string>) => Promise<Process>;
  post: (
    path: string,
    body: unknown,
    token: string,
    options?: { web?: number; key?: string },
  ) => Promise<Answer>;
  get: (path: string, token: string, web?: number) => Promise<Answer>;
  stop: () => Promise<void>;
};

/** Processes of their own: tests address replicas of `web`, and kill completion workers. */
const APART = ['web', 'completion'];

/**
 * Starts two web replicas and one of each worker, or the given types. One process joins the workers, except for completion,
 * as a start takes a second of a core. Stop it in `after`.
 */
export function startStack(
  env: Record<string, string> = {},
  types = ['web', 'web', ...WORKERS],
): Promise<Stack> {
  const joined = types.filter((type) => !APART.includes(type));
  const apart = types.filter((type) => APART.includes(type));
  return startApart(env, joined.length > 0 ? [...apart, joined.join(' ')] : apart);
}

/** Starts two web replicas and one of each worker, or the given types, each in a process of its own. Stop it in `after`. */
export async function startApart(
  env: Record<string, string> = {},
  types = ['web', 'web', ...WORKERS],
): Promise<Stack> {
  const provider = await startProvider();
  // All processes share PGlite's fifty connections.
  const settings = (type: string) => ({
    ...(onNative ? {} : { DATABASE_POOL_MAX: String(2 * type.split(' ').length) }),
    ...env,
  });
  const processes = await Promise.all(types.map((type) => startProcfile(type, settings(type))));
  const of = (type: string) => {
    const found = processes.filter((one) => one.type === type);
    // Otherwise a test would stop nobody, and never know.
    if (found.length === 0 && processes.some((one) => one.type.split(' ').includes(type)))
      throw new Error(`${type} shares a process with others: use startApart`);
    return found;
  };
  const web = of('web').map(({ url }) => url);
  return {
    web,
    provider,
    of,
    async add(type, more = {}) {
      const added = await startProcfile(type, { ...settings(type), ...more });
      processes.push(added);
      return added;
    },
    post: (path, body, token, { web: replica = 0, key } = {}) =>
      call(`${web[replica]}/api/v1${path}`, 'POST', body, {
        token,
        ...(key && { headers: { 'idempotency-key': key } }),
      }),
    get: (path, token, replica = 0) => call(`${web[replica]}/api/v1${path}`, 'GET', undefined, { token }),
    async stop() {
      await Promise.all(processes.map((one) => one.stop()));
      await provider.stop();
    },
  };
}
