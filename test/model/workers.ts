import { registerHooks } from 'node:module';
import type { Job } from 'bullmq';

type Completion = typeof import('../../workers/completion.ts');
type Leases = typeof import('../../workers/completion/lease.ts');
/** A completion worker with modules of its own, as in a process of its own. */
export type Instance = {
  completion: (job: Job<{ run_id: number }>) => Promise<void>;
  drain: () => void;
};

/** Loads the completion worker once for each name, with the model's provider. Nothing else is replaced. */
export async function loadWorkers(names: string[]): Promise<Instance[]> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = URL.parse(context.parentURL ?? '')?.searchParams.get('process');
      if (name == null) return resolved;
      if (resolved.url.endsWith('/shared/provider/chat.ts'))
        return { ...resolved, url: new URL('provider.ts', import.meta.url).href };
      const own = resolved.url.includes('/workers/completion/');
      return own ? { ...resolved, url: `${resolved.url}?process=${name}` } : resolved;
    },
  });
  try {
    return await Promise.all(names.map(load));
  } finally {
    hooks.deregister();
  }
}

async function load(name: string): Promise<Instance> {
  const { completion } = (await import(`../../workers/completion.ts?process=${name}`)) as Completion;
  const { drain } = (await import(`../../workers/completion/lease.ts?process=${name}`)) as Leases;
  return { completion, drain };
}
