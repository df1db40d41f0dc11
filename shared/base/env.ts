import { type OpenHours, parseHours } from './officeHours.ts';

/** Which variables this process has read: what is in force, and whether the environment says it or a default does. */
export const readings = new Map<string, { value: string; source: 'environment' | 'default' }>();

/**
 * The environment, parsed once at import: every variable under its own name, numbers as numbers. An absent required
 * variable is ''; each process calls `requireEnv` for those it needs. A malformed variable ends the process with one line.
 */
export const env = {
  DATABASE_URL: url('DATABASE_URL', ['postgres:', 'postgresql:']).raw,
  REDIS_URL: redisUrl('REDIS_URL'),
  /** The first secret signs; all of them verify. */
  JWT_SECRET: list('JWT_SECRET', ''),
  /** Encrypt secrets in rows: the first seals, all of them open; none: those of JWT_SECRET do. */
  DATA_KEYS: list('DATA_KEYS', ''),
  OPENAI_API_KEY: text('OPENAI_API_KEY', ''),
  OPENAI_BASE_URL: address('OPENAI_BASE_URL'),

  HOST: text('HOST', '0.0.0.0'),
  PORT: integer('PORT', 8000, 0, 65_535),
  /** The port of a worker's metrics; 0: none. */
  METRICS_PORT: integer('METRICS_PORT', 0, 0, 65_535),
  /** The token that requests for metrics must carry; '': none. */
  METRICS_TOKEN: text('METRICS_TOKEN', ''),
  /** Whether /docs, /openapi.json and /asyncapi.json are served. */
  DOCS: oneOf('DOCS', 'on', ['on', 'off']),
  /** How many proxies in front to trust about the client's address; 0: none. */
  TRUST_PROXY: hops('TRUST_PROXY'),
  /** Origins as browsers write them; `*`: all. */
  CORS_ALLOW_ORIGINS: list('CORS_ALLOW_ORIGINS', 'http://localhost:3000').map((item) =>
    origin('CORS_ALLOW_ORIGINS', item),
  ),
  /** The public URL, without a slash at the end; it may have a path. '': the root of any host. */
  PUBLIC_URL: address('PUBLIC_URL'),
  LOG_LEVEL: oneOf('LOG_LEVEL', 'info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  SHUTDOWN_GRACE_S: integer('SHUTDOWN_GRACE_S', 25, 1, 3600),
  DATABASE_POOL_MAX: integer('DATABASE_POOL_MAX', 20, 1, 1000),

  MAX_COMPLETION_TOKENS: integer('MAX_COMPLETION_TOKENS', 1000, 1),
  TEMPERATURE: number('TEMPERATURE', 0.7, 0, 2),
  /** Seconds that a run waits for a provider that asks to come back later. */
  PROVIDER_WAIT_LIMIT_S: integer('PROVIDER_WAIT_LIMIT_S', 600, 1, 86_400),
  /** on: the guard checks whole sentences of an answer before they are shown. */
  OUTPUT_GUARD: oneOf('OUTPUT_GUARD', 'off', ['on', 'off']),
  /** Whether Bull Board may change queues. By default it only shows them. */
  BOARD_WRITABLE: flag('BOARD_WRITABLE'),
  /** The collector of traces (OTLP over HTTP, at `/v1/traces` below this URL); '': no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: address('OTEL_EXPORTER_OTLP_ENDPOINT'),
  COMPLETION_CONCURRENCY: integer('COMPLETION_CONCURRENCY', 100, 1),
  HISTORY_LIMIT: integer('HISTORY_LIMIT', 10, 0),
  CONTEXT_TOKEN_BUDGET: integer('CONTEXT_TOKEN_BUDGET', 6000, 1),
  PASSAGE_LIMIT: integer('PASSAGE_LIMIT', 5, 0),
  /** The least cosine similarity at which a passage counts; null: what off-topic questions reach. */
  PASSAGE_THRESHOLD: optionalNumber('PASSAGE_THRESHOLD', -1, 1),
  /**
   * The share of a question's words that makes a passage count although its vector is not near; null: what off-topic questions
   * reach.
   */
  PASSAGE_COVERAGE: optionalNumber('PASSAGE_COVERAGE', 0, 1),
  /** Hours of silence after which an answered conversation counts as resolved. */
  RESOLVED_AFTER_H: integer('RESOLVED_AFTER_H', 24, 1, 8_760),
  /**
   * What counts as an answer's source: off: every passage in the prompt; cited: those that the answer cites; model: QUERY_MODEL
   * also judges passages first.
   */
  ANSWER_CHECK: oneOf('ANSWER_CHECK', 'cited', ['off', 'cited', 'model']),
  MAX_WAITING_RUNS_PER_USER: integer('MAX_WAITING_RUNS_PER_USER', 100, 1),
  RUN_LOG_TTL_S: integer('RUN_LOG_TTL_S', 900, 1),

  ACCESS_TOKEN_TTL_S: integer('ACCESS_TOKEN_TTL_S', 900, 1),
  REFRESH_TOKEN_TTL_S: integer('REFRESH_TOKEN_TTL_S', 2_592_000, 1),
  /** For how long a spent refresh token gets its client the same pair again. */
  REFRESH_GRACE_S: integer('REFRESH_GRACE_S', 10, 0, 300),
  /** How old a sign-in may grow, however often it is refreshed. */
  SESSION_LIFETIME_S: integer('SESSION_LIFETIME_S', 7_776_000, 1),
  /** Whether the log shows tokens that reset a password; for development. */
  LOG_RESET_TOKENS: developmentFlag('LOG_RESET_TOKENS'),
  /** agents: agents and administrators without a second factor can only sign in to enrol one. */
  REQUIRE_2FA: oneOf('REQUIRE_2FA', 'off', ['off', 'agents']),
  /** The mail server, such as smtps://user:password@mail.example.org; '': none. */
  SMTP_URL: url('SMTP_URL', ['smtp:', 'smtps:']).raw,
  /** The folder that mails are written to where there is no mail server; '': none. For development. */
  MAIL_DIR: text('MAIL_DIR', ''),
  MAIL_FROM: sender('MAIL_FROM'),
  /** The address that undeliverable mails come back to; '': that of MAIL_FROM. */
  MAIL_RETURN_PATH: sender('MAIL_RETURN_PATH'),
  /** The mailbox of that address, such as pop3s://user:password@mail.example.org; '': nobody reads it here. */
  MAIL_BOUNCES_URL: url('MAIL_BOUNCES_URL', ['pop3s:', 'pop3:']).raw,
  /** Signs mails (DKIM): all three or none. The key is PEM, in which \n may stand for the end of a line. */
  MAIL_DKIM_DOMAIN: text('MAIL_DKIM_DOMAIN', ''),
  MAIL_DKIM_SELECTOR: text('MAIL_DKIM_SELECTOR', ''),
  MAIL_DKIM_KEY: text('MAIL_DKIM_KEY', '').replaceAll('\\n', '\n'),
  /** How many mails one address gets in an hour. */
  MAILS_PER_HOUR: integer('MAILS_PER_HOUR', 30, 1),
  /** How long an answer stays unseen before it is mailed. */
  NOTIFY_MAIL_AFTER_S: integer('NOTIFY_MAIL_AFTER_S', 300, 0, 604_800),
  /** The keys of web push (base64url); '': no web push. */
  VAPID_PUBLIC_KEY: key('VAPID_PUBLIC_KEY', 65),
  VAPID_PRIVATE_KEY: key('VAPID_PRIVATE_KEY', 32),
  /** The hosts of browsers' push services, with those below them; `*`: any. Browsers name the address that pushes go to. */
  PUSH_SERVICES: list('PUSH_SERVICES', '*').map((item) => host('PUSH_SERVICES', item)),
  /** Whether pushes hold the beginning of what they tell. */
  PUSH_CONTENT: oneOf('PUSH_CONTENT', 'off', ['on', 'off']),
  /** For how long a session is kept after its end. */
  RETENTION_SESSIONS_DAYS: integer('RETENTION_SESSIONS_DAYS', 90, 1, 36_500),
  /** For how long messages, and entries of the audit log, are kept; null: for good. */
  RETENTION_MESSAGES_DAYS: optionalInteger('RETENTION_MESSAGES_DAYS', 1, 36_500),
  RETENTION_AUDIT_DAYS: optionalInteger('RETENTION_AUDIT_DAYS', 1, 36_500),
  /** For how long addresses are kept whole; then their network stays. */
  IP_DAYS: integer('IP_DAYS', 30, 1, 36_500),
  /** Whether visitors may chat without an account, how many such accounts may live, and for how long one is kept unseen. */
  GUESTS: oneOf('GUESTS', 'on', ['on', 'off']),
  GUESTS_MAX: integer('GUESTS_MAX', 100_000, 1),
  RETENTION_GUESTS_DAYS: integer('RETENTION_GUESTS_DAYS', 30, 1, 36_500),
  /** When people answer, as a list of days and hours; none: always. */
  OFFICE_HOURS: hours('OFFICE_HOURS'),
  /** The time zone of the office hours. */
  OFFICE_TIMEZONE: timezone('OFFICE_TIMEZONE'),
  /** Sites vouch for their users with one of these; none: no site does. */
  WIDGET_SECRET: list('WIDGET_SECRET', ''),
  /** Sites that may show the widget; none: only our own pages. `*`: all. */
  WIDGET_ORIGINS: list('WIDGET_ORIGINS', '').map((item) => origin('WIDGET_ORIGINS', item)),
  /** Whether webhooks may go to private addresses; for development and for receivers within one's own network. */
  WEBHOOK_ALLOW_PRIVATE: flag('WEBHOOK_ALLOW_PRIVATE'),
  /** How long an endpoint of a webhook may take to answer. */
  WEBHOOK_TIMEOUT_MS: integer('WEBHOOK_TIMEOUT_MS', 15_000, 100, 20_000),
  RATE_LIMIT_PER_MINUTE: integer('RATE_LIMIT_PER_MINUTE', 60, 1),
  RATE_LIMIT_PER_HOUR: integer('RATE_LIMIT_PER_HOUR', 1000, 1),
  RATE_LIMIT_PER_DAY: integer('RATE_LIMIT_PER_DAY', 10_000, 1),
  /** Searches of one user. An address may make ten times as many. */
  SEARCHES_PER_MINUTE: integer('SEARCHES_PER_MINUTE', 300, 1),
  AGENT_REPLIES_PER_MINUTE: integer('AGENT_REPLIES_PER_MINUTE', 120, 1),
  /** Sockets of both kinds that one address may dial on one replica. */
  SOCKET_DIALS_PER_MINUTE: integer('SOCKET_DIALS_PER_MINUTE', 3_000, 1),
} as const;

export type Env = typeof env;

export const inProduction = process.env.NODE_ENV === 'production';

/** Ends the process with one line when one of the named variables is absent. */
export function requireEnv(...names: (keyof Env)[]): void {
  for (const name of names) {
    const value = env[name];
    if (value === '' || (Array.isArray(value) && value.length === 0)) die(`${name} is not set`);
    if (name === 'JWT_SECRET') refuseWeakSecrets(env.JWT_SECRET);
  }
}

/** A key of HS256 must be as long as its hash (RFC 7518 §3.2). */
const SECRET_LENGTH = 32;
/** Examples of secrets in documents and libraries. */
const EXAMPLES = [
  'put a long random jwt_secret into .env',
  'a-string-secret-at-least-256-bits-long',
  'your-256-bit-secret-your-256-bit-secret',
  'change-me-change-me-change-me-change-me',
];

/** Refuses a secret that can be guessed, which would sign anybody in. Ends the process in production, warns elsewhere. */
function refuseWeakSecrets(secrets: readonly string[]): void {
  const weak = (secret: string) =>
    secret.length < SECRET_LENGTH || EXAMPLES.includes(secret.toLowerCase().trim());
  if (!secrets.some(weak)) return;
  const message = `JWT_SECRET must be a list of secrets of at least ${SECRET_LENGTH} random characters, none of them an example`;
  if (process.env.NODE_ENV === 'production') die(message);
  process.stderr.write(`parley: warning: ${message}\n`);
}

/** Reads a text. An empty variable counts as absent, because compose files pass unset variables on as empty. */
export function text(name: string, fallback: string): string {
  const given = process.env[name]?.trim() ?? '';
  const value = given || fallback;
  // Some variables are asked for again only to learn whether they are set.
  if (given !== '' || !readings.has(name))
    readings.set(name, { value, source: given === '' ? 'default' : 'environment' });
  return value;
}

/** Reads a text with the spaces around it. */
export function untrimmed(name: string): string {
  return process.env[name] ?? '';
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

/** Reads a number; null where the variable is absent. */
function optionalNumber(name: string, min: number, max: number): number | null {
  return text(name, '') === '' ? null : number(name, min, min, max);
}

/** Reads an integer; null where the variable is absent. */
export function optionalInteger(name: string, min: number, max?: number): number | null {
  return text(name, '') === '' ? null : integer(name, min, min, max);
}

function flag(name: string): boolean {
  return oneOf(name, 'false', ['true', 'false']) === 'true';
}

/** Reads a flag that must be off in production. */
function developmentFlag(name: string): boolean {
  const on = flag(name);
  if (on && process.env.NODE_ENV === 'production') die(`${name} must be false when NODE_ENV is production`);
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

/** Returns the raw and the parsed URL; `parsed` is null for an absent variable. */
export function url(name: string, protocols: string[]): { raw: string; parsed: URL | null } {
  const raw = text(name, '');
  if (raw === '') return { raw, parsed: null };
  const parsed = URL.parse(raw);
  if (parsed === null || !protocols.includes(parsed.protocol)) {
    die(`${name} must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`);
  }
  if (parsed.hash !== '') die(`${name} must be a URL without a #: write it as %23`);
  return { raw, parsed };
}

function hours(name: string): OpenHours[] {
  return (
    parseHours(text(name, '')) ?? die(`${name} must be a list such as Mon-Fri 09:00-17:00, Sat 10:00-14:00`)
  );
}

function timezone(name: string): string {
  const zone = text(name, 'UTC');
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return die(`${name} must be an IANA time zone such as Europe/Berlin`);
  }
}

/** Returns a base URL without a slash at its end. */
function address(name: string): string {
  const { raw, parsed } = url(name, ['http:', 'https:']);
  if (parsed === null) return raw;
  if (parsed.search !== '' || parsed.username !== '' || parsed.password !== '')
    die(`${name} must be a URL without a query, a user or a password`);
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}

/** Returns a mail address, maybe with a name: `Parley <parley@example.org>`. */
function sender(name: string): string {
  const raw = text(name, '');
  if (raw !== '' && !/^([^<>\r\n]*<)?[^\s<>@]+@[^\s<>@]+>?$/.test(raw))
    die(`${name} must be a mail address, or a name and <an address>`);
  return raw;
}

/** Returns base64url of so many bytes, or ''. */
function key(name: string, bytes: number): string {
  const raw = text(name, '');
  if (raw !== '' && (!/^[\w-]+$/.test(raw) || Buffer.from(raw, 'base64url').length !== bytes))
    die(`${name} must be base64url of ${bytes} bytes`);
  return raw;
}

function redisUrl(name: string): string {
  const { raw, parsed } = url(name, ['redis:', 'rediss:']);
  if (parsed !== null && !/^\/?\d*$/.test(parsed.pathname))
    die(`${name} must be a URL whose path is the number of a database or nothing`);
  return raw;
}

/** Returns an origin as browsers write it: in lower case, without a slash at the end or a default port. */
function origin(name: string, item: string): string {
  if (item === '*') return item;
  const parsed = URL.parse(item);
  const bare = parsed !== null && /^\/?$/.test(parsed.pathname) && parsed.search === '' && parsed.hash === '';
  if (!bare || parsed.host === '' || /[*@]/.test(item))
    die(`${name} must be a list of origins such as https://chat.example.org, without a path, or *`);
  return `${parsed.protocol}//${parsed.host.toLowerCase()}`;
}

/** Returns the name of a host as URLs have it: in lower case. */
function host(name: string, item: string): string {
  const found = item.toLowerCase();
  if (found !== '*' && !/^[a-z\d-]+(\.[a-z\d-]+)*$/.test(found))
    die(`${name} must be a list of hosts such as push.example.org, without a scheme or a port, or *`);
  return found;
}

/** Ends the process with one line. The message must not show the value, which may hold a password. */
export function die(message: string): never {
  process.stderr.write(`parley: ${message}\n`);
  process.exit(1);
}
