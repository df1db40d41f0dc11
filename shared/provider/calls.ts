import { log } from '../base/log.ts';
import type { ProviderError } from './providerErrors.ts';
import { redis } from '../delivery/redis.ts';
import { type ModelRef, providerOf } from './config.ts';

/** What a model is called for. */
export type Role = 'chat' | 'query' | 'embedding' | 'moderation';
/** Outcome of a model's last call. code null: success. at: ms since 1970. */
export type LastCall = { code: string | null; at: number };

/** Ms in which the same outcome is not noted again; seconds that Redis keeps a note. */
const NOTED_EVERY = 5_000;
const KEPT_S = 600;

/** Last outcome by role and model; /health reads the copy in Redis. */
const noted = new Map<string, LastCall>();

/** Notes that a call was answered. */
export function noteSuccess(role: Role, ref: ModelRef): void {
  note(role, ref, null);
}

/** Logs a failed call. Notes the failure where the provider causes it, not the request. */
export function noteFailure(role: Role, ref: ModelRef, err: ProviderError): void {
  const { trouble, code, refused, cause } = err;
  const host = URL.parse(providerOf(ref).url)?.host;
  const see = ['not_supported', 'model_not_found'].includes(code) ? VARIABLES[role] : undefined;
  const said = cause instanceof Error ? cause.message : undefined;
  const fields = { role, provider: ref.provider, model: ref.model, host, trouble, code, said };
  log.warn({ ...fields, ...(refused && { refused }), ...(see && { see }) }, 'Provider call failed');
  if (trouble !== 'rejected' || err.elsewhere) note(role, ref, code);
}

/** Environment variable that names a role's model. */
export const VARIABLES: Record<Role, string> = {
  chat: 'CHAT_MODEL',
  query: 'QUERY_MODEL',
  embedding: 'EMBEDDING_MODEL',
  moderation: 'MODERATION_MODEL',
};

/** Returns the outcome of the model's last call in any process; null without a recent call. */
export async function lastCall(role: Role, { name }: ModelRef): Promise<LastCall | null> {
  await writing;
  const kept = await redis.get(key(role, name)).catch(() => null);
  return kept === null ? null : (JSON.parse(kept) as LastCall);
}

/** Forgets this process's notes; for tests. */
export function forgetNoted(): void {
  noted.clear();
}

/** The write of this process's last note, for which its own reader waits. */
let writing: Promise<unknown> = Promise.resolve();

function note(role: Role, { name }: ModelRef, code: string | null): void {
  const now = Date.now();
  const last = noted.get(key(role, name));
  if (last?.code === code && now - last.at < NOTED_EVERY) return;
  const call = { code, at: now };
  noted.set(key(role, name), call);
  writing = redis.set(key(role, name), JSON.stringify(call), 'EX', KEPT_S).catch(() => null);
}

function key(role: Role, name: string): string {
  return `provider:last:${role}:${name}`;
}
