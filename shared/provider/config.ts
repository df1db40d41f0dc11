import { log } from '../base/log.ts';
import { die, env, integer, list, oneOf, optionalInteger, text, untrimmed, url } from '../base/env.ts';
import {
  type Kind,
  kindOfHost,
  KINDS,
  PRESETS,
  presetOfModel,
  ROUTERS,
  type Settings,
  URLS,
} from './presets.ts';

/** A model at a provider. name: `provider/model`; for provider `openai` the model alone, as older rows store it. */
export type ModelRef = { provider: string; model: string; name: string };

/** dimensions: requested and required; null: any. The prefixes go before a text; some models need them. */
export type EmbeddingModel = ModelRef & {
  dimensions: number | null;
  queryPrefix: string;
  documentPrefix: string;
  /** Texts per request. */
  batch: number;
  /** Tokens per text; the rest is cut. */
  textTokens: number;
};
/** by: endpoint that gives the verdict. */
export type ModerationModel = ModelRef & { by: 'moderations' | 'chat' };

export type Provider = {
  name: string;
  kind: Kind;
  /** Without a trailing slash. */
  url: string;
  key: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  reasoningEffort: string | null;
  /** Tokens for a model's thinking, in addition to the answer's limit. */
  reasoningTokens: number;
  /** Concurrent calls of one process; null: no limit. */
  slots: number | null;
  /** Tokens of prompt and answer together; null: unknown. */
  windowTokens: number | null;
  settings: Settings;
  /** Settings from the environment; learned settings never replace them. */
  explicit: Partial<Settings>;
};

type Configuration = {
  providers: Map<string, Provider>;
  chat: ModelRef[];
  query: ModelRef | null;
  embedding: EmbeddingModel | null;
  moderation: ModerationModel | null;
};

/** Dimensions that every version of this project requested of text-embedding-3-large. */
const LARGE_DIMENSIONS = 1_536;

let configuration = read();

/**
 * Ends the process with one line when a configured model is at OpenAI and OPENAI_API_KEY is empty. Logs a line for each model
 * whose provider nobody named.
 */
export function requireModels(): void {
  const { chat, query, embedding, moderation, providers } = configuration;
  const used = [...chat, query, embedding, moderation].some((ref) => ref?.provider === 'openai');
  const openai = providers.get('openai');
  if (used && openai?.key === '' && openai.url === URLS.openai) die('OPENAI_API_KEY is not set');
  for (const line of unknownProviders()) log.warn(line);
}

/**
 * Returns the provider that a model seems to name and PROVIDERS does not: `claude` of `claude/sonnet`, which `openai` is asked
 * for as it stands; undefined where there is none. Servers whose own models have a slash are believed.
 */
export function unknownProviderOf({ provider, model }: ModelRef): string | undefined {
  const slash = model.indexOf('/');
  return slash > 0 && provider === 'openai' && configuration.providers.get('openai')?.kind === 'openai'
    ? model.slice(0, slash)
    : undefined;
}

/** Returns a line for each model of the environment whose provider nobody named. */
export function unknownProviders(): string[] {
  const { chat, query, embedding, moderation } = configuration;
  const named = [...chat, query, embedding, moderation].filter((ref) => ref !== null);
  const lines = named.map((ref) => [ref.name, unknownProviderOf(ref)] as const);
  return [...new Map(lines)].flatMap(([name, unknown]) =>
    unknown === undefined
      ? []
      : [`PROVIDERS names no provider "${unknown}": openai is asked for the model "${name}"`],
  );
}

/** Reads the environment again; for tests. */
export function configure(): void {
  configuration = read();
}

/** Returns the chat models in the order of calls: CHAT_MODEL, then CHAT_MODEL_FALLBACK. */
export function chatModels(): ModelRef[] {
  return configuration.chat;
}

/** Returns `chatModels` with an assistant's own model first, if the list has it. @param name null: no own model */
export function chatModelsFor(name: string | null): ModelRef[] {
  const own = name === null ? null : modelNamed(name).name;
  return configuration.chat.toSorted((a, b) => Number(b.name === own) - Number(a.name === own));
}

/** Returns the small model that reads and judges texts beside the answer; null with QUERY_MODEL=off. */
export function queryModel(): ModelRef | null {
  return configuration.query;
}

/** Returns the embedding model; null with EMBEDDING_MODEL=off: search then uses words only. */
export function embeddingModel(): EmbeddingModel | null {
  return configuration.embedding;
}

/** Returns the moderation model; null with MODERATION_MODEL=off: no text is moderated. */
export function moderationModel(): ModerationModel | null {
  return configuration.moderation;
}

/** Returns the model of a name from the environment or a row. A prefix counts only if it names a provider. */
export function modelNamed(name: string): ModelRef {
  return refOf(name, configuration.providers);
}

/** Returns a model's provider, with the settings for this model. */
export function providerOf({ provider: name, model }: Pick<ModelRef, 'provider' | 'model'>): Provider {
  const provider = configuration.providers.get(name);
  if (provider === undefined) throw new Error(`no provider ${name}`);
  const settings = { ...presetOfModel(PRESETS[provider.kind], model), ...provider.explicit };
  return { ...provider, settings };
}

/**
 * Returns a prompt's token limit: CONTEXT_TOKEN_BUDGET, or less where the first chat model's window is smaller.
 * @param assistant gives the model and the answer's limit; null: the environment does
 */
export function promptBudget(
  assistant: { model: string | null; max_completion_tokens: number | null } | null = null,
): number {
  const [first] = chatModelsFor(assistant?.model ?? null);
  const { windowTokens, reasoningTokens } = first
    ? providerOf(first)
    : { windowTokens: null, reasoningTokens: 0 };
  if (windowTokens === null) return env.CONTEXT_TOKEN_BUDGET;
  const room =
    windowTokens - (assistant?.max_completion_tokens ?? env.MAX_COMPLETION_TOKENS) - reasoningTokens;
  return Math.max(1, Math.min(env.CONTEXT_TOKEN_BUDGET, room));
}

/** Returns every provider that the environment names. */
export function allProviders(): Provider[] {
  return [...configuration.providers.values()];
}

function read(): Configuration {
  const names = ['openai', ...list('PROVIDERS', '')];
  const providers = new Map(names.map((name) => [name, readProvider(name)]));
  const model = (name: string) => refOf(name, providers);
  const embedding = text('EMBEDDING_MODEL', 'text-embedding-3-small');
  const moderation = readModeration(providers);
  const guarded = oneOf('OUTPUT_GUARD', 'off', ['on', 'off']) === 'on';
  if (moderation === null && guarded) die('OUTPUT_GUARD=on needs a MODERATION_MODEL other than off');
  const answering = text('CHAT_MODEL', 'gpt-4.1-mini');
  const query = text('QUERY_MODEL', answering);
  return {
    providers,
    chat: unique([answering, ...list('CHAT_MODEL_FALLBACK', '')].map(model)),
    query: query === 'off' ? null : model(query),
    embedding: embedding === 'off' ? null : readEmbedding(providers, embedding),
    moderation,
  };
}

function unique(models: ModelRef[]): ModelRef[] {
  return models.filter(({ name }, i) => models.findIndex((other) => other.name === name) === i);
}

function refOf(name: string, providers: Map<string, Provider>): ModelRef {
  const slash = name.indexOf('/');
  const prefix = name.slice(0, Math.max(0, slash));
  const routed = prefix === 'openai' && ROUTERS.includes(providers.get('openai')?.kind ?? 'openai');
  if (slash === name.length - 1 || !providers.has(prefix) || routed)
    return { provider: 'openai', model: name, name };
  const model = name.slice(slash + 1);
  return { provider: prefix, model, name: prefix === 'openai' ? model : name };
}

function readEmbedding(providers: Map<string, Provider>, name: string): EmbeddingModel {
  const ref = refOf(name, providers);
  const large = ref.name === 'text-embedding-3-large' ? LARGE_DIMENSIONS : null;
  return {
    ...ref,
    dimensions: optionalInteger('EMBEDDING_DIMENSIONS', 1, 16_000) ?? large,
    queryPrefix: untrimmed('EMBEDDING_QUERY_PREFIX'),
    documentPrefix: untrimmed('EMBEDDING_DOCUMENT_PREFIX'),
    batch: integer('EMBEDDING_BATCH', 256, 1, 2_048),
    textTokens: integer('EMBEDDING_TEXT_TOKENS', 8_000, 1, 1_000_000),
  };
}

function readModeration(providers: Map<string, Provider>): ModerationModel | null {
  const name = text('MODERATION_MODEL', 'omni-moderation-latest');
  if (name === 'off') return null;
  const by = name.startsWith('chat:') ? 'chat' : 'moderations';
  const ref = refOf(name.replace(/^chat:/, ''), providers);
  if (ref.model === '') die('MODERATION_MODEL must name a model');
  return { ...ref, by };
}

function readProvider(name: string): Provider {
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name))
    die('PROVIDERS must be a list of names of lower-case letters and digits');
  const own = `PROVIDER_${name.toUpperCase().replaceAll('-', '_')}`;
  const today = name === 'openai';
  const urlName = today ? 'OPENAI_BASE_URL' : `${own}_URL`;
  const given = url(urlName, ['http:', 'https:']).raw;
  const preset =
    given === '' ? (today ? 'openai' : 'generic') : (kindOfHost(given) ?? (today ? 'openai' : 'generic'));
  const kind = oneOf<Kind>(`${own}_KIND`, preset, KINDS);
  const base = (given || URLS[kind])?.replace(/\/+$/, '') ?? die(`${urlName} is not set`);
  const key = text(today ? 'OPENAI_API_KEY' : `${own}_KEY`, '');
  if (!today && given === '' && key === '' && base.startsWith('https:')) die(`${own}_KEY is not set`);
  const explicit = readExplicit(own);
  return {
    name,
    kind,
    url: base,
    key,
    query: { ...azureVersion(kind, base), ...readQuery(`${own}_QUERY`) },
    headers: readHeaders(`${own}_HEADERS`),
    reasoningEffort: text(`${own}_REASONING_EFFORT`, '') || null,
    reasoningTokens: integer(`${own}_REASONING_TOKENS`, 0, 0, 1_000_000),
    slots: optionalInteger(`${own}_SLOTS`, 1, 100_000),
    windowTokens: optionalInteger(`${own}_CONTEXT_TOKENS`, 100, 100_000_000),
    settings: { ...PRESETS[kind], ...explicit },
    explicit,
  };
}

/** Returns the version that Azure's older URLs need; those under /openai/v1 need none. */
function azureVersion(kind: Kind, base: string): Record<string, string> {
  return kind === 'azure' && base.includes('/deployments/') ? { 'api-version': '2024-10-21' } : {};
}

function readExplicit(own: string): Partial<Settings> {
  const chosen = <T extends string>(name: string, allowed: readonly T[]) =>
    text(`${own}_${name}`, '') === '' ? undefined : oneOf<T>(`${own}_${name}`, allowed[0] as T, allowed);
  const ms = (name: string, ...everywhere: string[]) =>
    [`${own}_${name}`, ...everywhere]
      .map((variable) => optionalInteger(variable, 1, 86_400_000))
      .find((value) => value !== null);
  const explicit: { [Name in keyof Settings]: Settings[Name] | undefined } = {
    auth: chosen('AUTH', ['bearer', 'api-key', 'none']),
    maxTokens: chosen('MAX_TOKENS', ['max_completion_tokens', 'max_tokens', 'none']),
    temperature: chosen('TEMPERATURE', ['send', 'omit']),
    usage: chosen('USAGE', ['on', 'off']),
    systemRole: chosen('SYSTEM_ROLE', ['system', 'developer', 'user']),
    structured: chosen('STRUCTURED', ['json_schema', 'json_object', 'none']),
    strictTurns: undefined,
    firstByteMs: ms(
      'FIRST_BYTE_TIMEOUT_MS',
      'PROVIDER_FIRST_TOKEN_TIMEOUT_MS',
      'PROVIDER_HEADERS_TIMEOUT_MS',
    ),
    silenceMs: ms('SILENCE_TIMEOUT_MS', 'PROVIDER_GAP_TIMEOUT_MS'),
    answerMs: ms('ANSWER_TIMEOUT_MS', 'PROVIDER_ANSWER_TIMEOUT_MS'),
  };
  return Object.fromEntries(Object.entries(explicit).filter(([, value]) => value !== undefined));
}

function readQuery(variable: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text(variable, '')));
}

function readHeaders(variable: string): Record<string, string> {
  const raw = text(variable, '{}');
  const wrong = () => die(`${variable} must be a JSON object of strings`);
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return wrong();
    const entries = Object.entries(parsed).map(([name, value]): [string, string] =>
      typeof value === 'string' ? [name, value] : wrong(),
    );
    new Headers(entries);
    return Object.fromEntries(entries);
  } catch {
    return wrong();
  }
}
