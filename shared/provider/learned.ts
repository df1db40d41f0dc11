import { log } from '../base/log.ts';
import { redis } from '../delivery/redis.ts';
import type { Role } from './calls.ts';
import type { ModelRef, Provider } from './config.ts';
import type { Settings } from './presets.ts';
import type { Parameter } from './refused.ts';

/** Settings learned from a model's refusals. `without`: parameters that are no longer sent. */
export type Learned = Partial<
  Pick<Settings, 'maxTokens' | 'temperature' | 'usage' | 'systemRole' | 'strictTurns' | 'structured'>
> & {
  without?: Parameter[];
};

/** Seconds for which a lesson counts: a day. */
const KEPT_S = 86_400;

/** By model, in this process. Other processes read the copy in Redis; its loss costs one refused call. */
const known = new Map<string, { learned: Learned; until: number }>();

/** Returns what was learned of a model. Reads Redis once per process and day. */
export async function learnedOf({ name }: Pick<ModelRef, 'name'>): Promise<Learned> {
  const own = known.get(name);
  if (own !== undefined && own.until > Date.now()) return own.learned;
  const kept = await redis.get(key(name)).catch(() => null);
  const learned = kept === null ? {} : (JSON.parse(kept) as Learned);
  // Another call may have learned something during the read; its lesson stays.
  const now = known.get(name);
  if (now !== undefined && now.until > Date.now()) return now.learned;
  known.set(name, { learned, until: Date.now() + KEPT_S * 1_000 });
  return learned;
}

/** Keeps what a refused parameter taught, and logs that the model is asked again. */
export function learn(role: Role, ref: ModelRef, refused: string | null, learned: Learned): void {
  const { provider, model } = ref;
  log.info({ role, provider, model, refused }, 'Parameter refused; the model is asked again without it');
  keepLearned(ref, learned);
}

/** Keeps a lesson for a day, here and in Redis. */
export function keepLearned({ name }: Pick<ModelRef, 'name'>, learned: Learned): void {
  known.set(name, { learned, until: Date.now() + KEPT_S * 1_000 });
  void redis.set(key(name), JSON.stringify(learned), 'EX', KEPT_S).catch(() => null);
}

/** Clears this process's lessons; for tests. */
export function forgetLearned(): void {
  known.clear();
}

/**
 * Derives the next settings from a refused parameter.
 * @returns the settings; null: nothing can change, because the environment sets the parameter, or the call did not send it
 */
export function lesson(
  refused: string | null,
  { settings, explicit }: Pick<Provider, 'settings' | 'explicit'>,
  learned: Learned,
): Learned | null {
  const inForce = { ...settings, ...learned, ...explicit };
  switch (refused) {
    case 'temperature':
      return inForce.temperature === 'omit' || explicit.temperature
        ? null
        : { ...learned, temperature: 'omit' };
    case 'stream_options':
      return inForce.usage === 'off' || explicit.usage ? null : { ...learned, usage: 'off' };
    case 'max_tokens':
    case 'max_completion_tokens':
      return otherLimit(refused, inForce.maxTokens, explicit, learned);
    case 'developer':
    case 'system':
      if (inForce.systemRole === 'user' || explicit.systemRole) return null;
      return { ...learned, systemRole: inForce.systemRole === 'developer' ? 'system' : 'user' };
    case 'turns':
      return inForce.strictTurns ? null : { ...learned, strictTurns: true };
    case 'response_format':
      if (inForce.structured === 'none' || explicit.structured) return null;
      return { ...learned, structured: inForce.structured === 'json_schema' ? 'json_object' : 'none' };
    case 'tools':
    case 'reasoning_effort':
    case 'dimensions':
    case 'encoding_format':
      return leaveOut(refused, learned);
    default:
      return null;
  }
}

/** Switches to the limit's other name; to no limit after both were refused. */
function otherLimit(
  refused: 'max_tokens' | 'max_completion_tokens',
  sent: Settings['maxTokens'],
  explicit: Partial<Settings>,
  learned: Learned,
): Learned | null {
  // "Use max_completion_tokens instead" also names the parameter that was not sent.
  if (sent === 'none' || explicit.maxTokens) return null;
  const before = learned.without ?? [];
  const other = sent === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  const without: Parameter[] = [...before, sent === refused ? refused : sent];
  return { ...learned, without, maxTokens: before.includes(other) ? 'none' : other };
}

function leaveOut(parameter: Parameter, learned: Learned): Learned | null {
  const before = learned.without ?? [];
  return before.includes(parameter) ? null : { ...learned, without: [...before, parameter] };
}

function key(name: string): string {
  return `learned:${name}`;
}
