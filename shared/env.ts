/**
 * The environment, parsed once: every variable of the contract under its own name, numbers as numbers.
 * Required variables that are absent are '' here; entries ask for those they need by `requireEnv`.
 * A malformed variable ends the process at import with one line that names it.
 */
export const env = {
  DATABASE_URL: url('DATABASE_URL', ['postgres:', 'postgresql:']),
  REDIS_URL: url('REDIS_URL', ['redis:', 'rediss:']),
  /** The first secret signs, all of them verify. */
  JWT_SECRET: list('JWT_SECRET', ''),
  OPENAI_API_KEY: text('OPENAI_API_KEY', ''),
  OPENAI_BASE_URL: url('OPENAI_BASE_URL', ['http:', 'https:']),

  HOST: text('HOST', '0.0.0.0'),
  PORT: integer('PORT', 8000, 0, 65_535),
  /** 0: no metrics port for workers. */
  METRICS_PORT: integer('METRICS_PORT', 0, 0, 65_535),
  /** How many proxies in front may be believed about the client's address; 0: none. */
  TRUST_PROXY: hops('TRUST_PROXY'),
  CORS_ALLOW_ORIGINS: list('CORS_ALLOW_ORIGINS', 'http://localhost:3000'),
  LOG_LEVEL: oneOf('LOG_LEVEL', 'info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  SHUTDOWN_GRACE_S: integer('SHUTDOWN_GRACE_S', 25, 1, 3600),
  DATABASE_POOL_MAX: integer('DATABASE_POOL_MAX', 20, 1, 1000),

  CHAT_MODEL: text('CHAT_MODEL', 'gpt-4.1-mini'),
  CHAT_MODEL_FALLBACK: text('CHAT_MODEL_FALLBACK', ''),
  EMBEDDING_MODEL: text('EMBEDDING_MODEL', 'text-embedding-3-small'),
  MODERATION_MODEL: text('MODERATION_MODEL', 'omni-moderation-latest'),
  MAX_COMPLETION_TOKENS: integer('MAX_COMPLETION_TOKENS', 1000, 1),
  TEMPERATURE: number('TEMPERATURE', 0.7, 0, 2),
  /** Deadlines of one call to the chat model, in ms: its headers, its first token, the next token, all of it. */
  PROVIDER_HEADERS_TIMEOUT_MS: integer('PROVIDER_HEADERS_TIMEOUT_MS', 30_000, 1),
  PROVIDER_FIRST_TOKEN_TIMEOUT_MS: integer('PROVIDER_FIRST_TOKEN_TIMEOUT_MS', 60_000, 1),
  PROVIDER_GAP_TIMEOUT_MS: integer('PROVIDER_GAP_TIMEOUT_MS', 30_000, 1),
  PROVIDER_ANSWER_TIMEOUT_MS: integer('PROVIDER_ANSWER_TIMEOUT_MS', 300_000, 1),
  /** on: whole sentences of an answer are checked before they are shown. */
  OUTPUT_GUARD: oneOf('OUTPUT_GUARD', 'off', ['on', 'off']),
  /** Whether Bull Board may change queues; it only shows them. */
  BOARD_WRITABLE: flag('BOARD_WRITABLE'),
  /** Where traces are sent (OTLP over HTTP, `/v1/traces` below it); '': no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']),
  COMPLETION_CONCURRENCY: integer('COMPLETION_CONCURRENCY', 100, 1),
  HISTORY_LIMIT: integer('HISTORY_LIMIT', 10, 0),
  CONTEXT_TOKEN_BUDGET: integer('CONTEXT_TOKEN_BUDGET', 6000, 1),
  PASSAGE_LIMIT: integer('PASSAGE_LIMIT', 5, 0),
  /** Cosine similarity from which a passage counts. */
  PASSAGE_THRESHOLD: number('PASSAGE_THRESHOLD', 0.35, -1, 1),
  MAX_WAITING_RUNS_PER_USER: integer('MAX_WAITING_RUNS_PER_USER', 100, 1),
  RUN_LOG_TTL_S: integer('RUN_LOG_TTL_S', 900, 1),

  ACCESS_TOKEN_TTL_S: integer('ACCESS_TOKEN_TTL_S', 900, 1),
  REFRESH_TOKEN_TTL_S: integer('REFRESH_TOKEN_TTL_S', 2_592_000, 1),
  /** How old a sign-in may become, however often it is refreshed. */
  SESSION_LIFETIME_S: integer('SESSION_LIFETIME_S', 7_776_000, 1),
  /** Whether tokens that reset a password are written to the log; for development. */
  LOG_RESET_TOKENS: developmentFlag('LOG_RESET_TOKENS'),
  RATE_LIMIT_PER_MINUTE: integer('RATE_LIMIT_PER_MINUTE', 60, 1),
  RATE_LIMIT_PER_HOUR: integer('RATE_LIMIT_PER_HOUR', 1000, 1),
  RATE_LIMIT_PER_DAY: integer('RATE_LIMIT_PER_DAY', 10_000, 1),
} as const;

export type Env = typeof env;

/**
 * Ends the process with one line when one of the named variables is absent.
 * OPENAI_API_KEY is not missed where OPENAI_BASE_URL points at a server of one's own.
 */
export function requireEnv(...names: (keyof Env)[]): void {
  for (const name of names) {
    if (name === 'OPENAI_API_KEY' && env.OPENAI_BASE_URL !== '') continue;
    const value = env[name];
    if (value === '' || (Array.isArray(value) && value.length === 0)) die(`${name} is not set`);
  }
}

/** An empty variable counts as absent: that is how compose files hand on what was not set. */
export function text(name: string, fallback: string): string {
  return process.env[name]?.trim() || fallback;
}

export function list(name: string, fallback: string): string[] {
  return text(name, fallback)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function number(name: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const raw = text(name, String(fallback));
  const value = Number(raw);
  if (!Number.isFinite(value) || value < min || value > max) {
    die(`${name} must be a number from ${min} to ${max}`);
  }
  return value;
}

export function integer(name: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = number(name, fallback, min, max);
  if (!Number.isSafeInteger(value)) die(`${name} must be a whole number`);
  return value;
}

/** Null where the variable is absent. */
export function optionalInteger(name: string, min: number, max?: number): number | null {
  return text(name, '') === '' ? null : integer(name, min, min, max);
}

function flag(name: string): boolean {
  return oneOf(name, 'false', ['true', 'false']) === 'true';
}

/** What must never be on where it matters. */
function developmentFlag(name: string): boolean {
  const on = flag(name);
  if (on && process.env.NODE_ENV === 'production') die(`${name} must not be on where NODE_ENV is production`);
  return on;
}

function hops(name: string): number {
  const raw = text(name, '0').toLowerCase();
  if (raw === 'true') return 1;
  if (raw === 'false') return 0;
  return integer(name, 0, 0, 100);
}

export function oneOf<T extends string>(name: string, fallback: T, allowed: readonly T[]): T {
  const raw = text(name, fallback);
  const found = allowed.find((item) => item === raw);
  return found ?? die(`${name} must be one of ${allowed.join(', ')}`);
}

export function url(name: string, protocols: string[]): string {
  const raw = text(name, '');
  if (raw === '') return raw;
  const parsed = URL.parse(raw);
  if (parsed === null || !protocols.includes(parsed.protocol)) {
    die(`${name} must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`);
  }
  return raw;
}

/** The value is never shown: it may hold a password. */
export function die(message: string): never {
  process.stderr.write(`parley: ${message}\n`);
  process.exit(1);
}
