import { type Check, Refused, within } from '../ops/checks.ts';
import { ProviderError, toProviderError } from './providerErrors.ts';
import { lastCall, type Role, VARIABLES } from './calls.ts';
import {
  chatModels,
  embeddingModel,
  type ModelRef,
  type ModerationModel,
  moderationModel,
  providerOf,
  queryModel,
  unknownProviderOf,
} from './config.ts';
import { URLS } from './presets.ts';
import { answersGet, post } from './post.ts';

/** Ms: how long a real call's outcome counts, how long a probe's does, and a probe's time limit. */
const LATELY = 60_000;
const FRESH = 30_000;
const LIMIT = 2_000;

const probes = new Map<string, { until: number; check: Promise<Check> }>();

/**
 * Checks the model of a role: by its last call in any process, or by a probe without a recent call.
 * @returns `off` when the role has no model
 */
export async function checkRole(role: Role): Promise<Check | 'off'> {
  const ref = modelOf(role);
  if (ref === null) return 'off';
  const last = await lastCall(role, ref);
  if (last !== null && Date.now() - last.at < LATELY) {
    return last.code === null ? 'healthy' : `unhealthy: ${reasonOf(last.code, role)}`;
  }
  const name = `${role} ${ref.name}`;
  const kept = probes.get(name);
  if (kept !== undefined && performance.now() < kept.until) return kept.check;
  const check = within(LIMIT, () => probe(role, ref));
  probes.set(name, { until: performance.now() + FRESH, check });
  return check;
}

/** Clears the results of probes; for tests. */
export function forgetProbes(): void {
  probes.clear();
}

/** Returns the model that a role calls first. */
export function modelOf(role: Role): ModelRef | null {
  if (role === 'chat') return chatModels()[0] ?? null;
  if (role === 'query') return queryModel();
  return role === 'embedding' ? embeddingModel() : moderationModel();
}

/** Returns the path of a role's calls. */
export function pathOf(role: Role, ref: ModelRef): string {
  if (role === 'embedding') return '/embeddings';
  return role === 'moderation' && (ref as ModerationModel).by === 'moderations'
    ? '/moderations'
    : '/chat/completions';
}

/**
 * Calls the endpoint without an input. The call costs nothing and finds more than a list of models does, such as a
 * model that is loading. @throws Refused
 */
async function probe(role: Role, ref: ModelRef): Promise<void> {
  const provider = providerOf(ref);
  // No model of OpenAI's has a slash. Other servers at its address know their own.
  if (unknownProviderOf(ref) !== undefined && provider.url === URLS.openai)
    throw new Refused(reasonOf('model_not_found', role));
  const signal = AbortSignal.timeout(LIMIT);
  try {
    const { body } = await post(provider, pathOf(role, ref), { model: ref.model }, signal);
    body.destroy();
  } catch (err) {
    const trouble = toProviderError(err);
    if (trouble.elsewhere) throw new Refused(reasonOf(trouble.code, role));
    if (trouble.trouble === 'loading') throw new Refused('the model is being loaded');
    // The endpoint refuses the missing input: it works.
    if (trouble.trouble === 'rejected' || trouble.trouble === 'rate_limited') return;
    const status = statusOf(trouble);
    if (status === undefined) throw err;
    // A server that fails at a request without input may still answer others.
    if (!(await answersGet(provider, '/models', signal))) throw new Refused(`status ${status}`);
  }
}

function statusOf({ cause }: ProviderError): unknown {
  return cause instanceof Error && 'status' in cause ? cause.status : undefined;
}

/** Returns the code; names the variable to correct where the code calls for it. */
function reasonOf(code: string, role: Role): string {
  if (!['not_supported', 'model_not_found'].includes(code)) return code;
  const ref = modelOf(role);
  const unknown = ref === null ? undefined : unknownProviderOf(ref);
  return `${code}, see ${VARIABLES[role]}${unknown === undefined ? '' : ` (PROVIDERS names no ${unknown})`}`;
}
