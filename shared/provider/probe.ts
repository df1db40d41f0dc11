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
} from './config.ts';
import { answersGet, post } from './post.ts';

/** Ms: how long a real call counts, how long a probe does, and what it may take. */
const LATELY = 60_000;
const FRESH = 30_000;
const LIMIT = 2_000;

const probes = new Map<string, { until: number; check: Promise<Check> }>();

/**
 * How the model of a role is: as its last call of any process went, else as a probe finds it.
 * @returns `off` where the role has no model
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

/** Forgets what probes found; for tests. */
export function forgetProbes(): void {
  probes.clear();
}

/** The model that a role asks first. */
export function modelOf(role: Role): ModelRef | null {
  if (role === 'chat') return chatModels()[0] ?? null;
  return role === 'embedding' ? embeddingModel() : moderationModel();
}

/** Where a role's calls go. */
export function pathOf(role: Role, ref: ModelRef): string {
  if (role === 'embedding') return '/embeddings';
  return role === 'moderation' && (ref as ModerationModel).by === 'moderations'
    ? '/moderations'
    : '/chat/completions';
}

/**
 * Asks the endpoint itself, without an input: it costs nothing, and finds what a list of models hides, such as a model
 * that is still being loaded. @throws Refused
 */
async function probe(role: Role, ref: ModelRef): Promise<void> {
  const provider = providerOf(ref);
  const signal = AbortSignal.timeout(LIMIT);
  try {
    const response = await post(provider, pathOf(role, ref), { model: ref.model }, signal);
    await response.body?.cancel();
  } catch (err) {
    const trouble = toProviderError(err);
    if (trouble.elsewhere) throw new Refused(reasonOf(trouble.code, role));
    if (trouble.trouble === 'loading') throw new Refused('the model is being loaded');
    // It was refused for want of an input, as it should be.
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

/** What is to be done about it is in the variable, where the code says so. */
function reasonOf(code: string, role: Role): string {
  return ['not_supported', 'model_not_found'].includes(code) ? `${code}, see ${VARIABLES[role]}` : code;
}
