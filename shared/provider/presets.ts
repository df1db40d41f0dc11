/** Servers with a preset. `generic` is any other server with OpenAI's API. */
export const KINDS = [
  'openai',
  'azure',
  'ollama',
  'vllm',
  'llamacpp',
  'lmstudio',
  'litellm',
  'openrouter',
  'mistral',
  'groq',
  'deepseek',
  'together',
  'gemini',
  'anthropic',
  'generic',
] as const;
export type Kind = (typeof KINDS)[number];

/** Form of a server's requests. Times in ms. */
export type Settings = {
  auth: 'bearer' | 'api-key' | 'none';
  /** The field that limits an answer; none: no limit is sent. */
  maxTokens: 'max_completion_tokens' | 'max_tokens' | 'none';
  temperature: 'send' | 'omit';
  /** on: asks for the token counts of a stream. */
  usage: 'on' | 'off';
  /** user: the first question begins with the instructions. */
  systemRole: 'system' | 'developer' | 'user';
  /** How a request asks for JSON; none: by its instructions alone. */
  structured: 'json_schema' | 'json_object' | 'none';
  /** Whether user and assistant messages must alternate. */
  strictTurns: boolean;
  /** Limit until the first byte of an answer, headers included. */
  firstByteMs: number;
  /** Limit between two bytes of an answer. */
  silenceMs: number;
  /** Limit from the first byte to the last. */
  answerMs: number;
};

const HOSTED: Settings = {
  auth: 'bearer',
  maxTokens: 'max_tokens',
  temperature: 'send',
  usage: 'on',
  systemRole: 'system',
  structured: 'json_schema',
  strictTurns: true,
  firstByteMs: 120_000,
  silenceMs: 60_000,
  answerMs: 300_000,
};
/** A self-hosted server may load the model first; an abort would abort the load. */
const LOCAL: Settings = { ...HOSTED, firstByteMs: 300_000, answerMs: 900_000 };
const OPENAI: Settings = { ...HOSTED, maxTokens: 'max_completion_tokens', strictTurns: false };

export const PRESETS: Record<Kind, Settings> = {
  openai: OPENAI,
  azure: { ...OPENAI, auth: 'api-key' },
  ollama: LOCAL,
  vllm: LOCAL,
  llamacpp: LOCAL,
  lmstudio: LOCAL,
  litellm: HOSTED,
  openrouter: HOSTED,
  // Mistral refuses unknown fields, and sends the usage without a request for it.
  mistral: { ...HOSTED, usage: 'off' },
  groq: { ...HOSTED, maxTokens: 'max_completion_tokens', structured: 'json_object' },
  deepseek: { ...HOSTED, structured: 'json_object' },
  together: HOSTED,
  gemini: HOSTED,
  // Anthropic's compatible API ignores the field.
  anthropic: { ...HOSTED, structured: 'none' },
  generic: HOSTED,
};

/** Default URL of each kind. */
export const URLS: Partial<Record<Kind, string>> = {
  openai: 'https://api.openai.com/v1',
  ollama: 'http://127.0.0.1:11434/v1',
  llamacpp: 'http://127.0.0.1:8080/v1',
  lmstudio: 'http://127.0.0.1:1234/v1',
  litellm: 'http://127.0.0.1:4000/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  mistral: 'https://api.mistral.ai/v1',
  groq: 'https://api.groq.com/openai/v1',
  deepseek: 'https://api.deepseek.com/v1',
  together: 'https://api.together.xyz/v1',
  gemini: 'https://generativelanguage.googleapis.com/v1beta/openai',
  anthropic: 'https://api.anthropic.com/v1',
};

const HOSTS: [RegExp, Kind][] = [
  [/(^|\.)openai\.azure\.com(:\d+)?$|\.(services\.ai|cognitiveservices)\.azure\.com(:\d+)?$/, 'azure'],
  [/(^|\.)openai\.com(:\d+)?$/, 'openai'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
  [/(^|\.)mistral\.ai$/, 'mistral'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)together\.(xyz|ai)$/, 'together'],
  [/(^|\.)googleapis\.com$/, 'gemini'],
  [/(^|\.)anthropic\.com$/, 'anthropic'],
  [/^ollama(:|$)|:11434$/, 'ollama'],
  [/^vllm(:|$)/, 'vllm'],
  [/^litellm(:|$)|:4000$/, 'litellm'],
  [/:1234$/, 'lmstudio'],
];

/** Returns the kind that a URL's host shows; null for an unknown host. */
export function kindOfHost(url: string): Kind | null {
  const host = URL.parse(url)?.host ?? '';
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1] ?? null;
}

/** Kinds with model names that may begin with `openai/`. */
export const ROUTERS: readonly Kind[] = ['openrouter', 'groq', 'together', 'litellm', 'vllm'];

/** Names of reasoning models, which may send nothing for minutes. */
const REASONING = /(^|\/)(o[1-9]\b|gpt-5(?!.*chat)|.*(reasoner|-r1\b|thinking|qwq|magistral))/i;
const REASONING_MS = { firstByteMs: 600_000, answerMs: 900_000 };

/** Returns the server's preset, with the changes that a model's name requires. */
export function presetOfModel(preset: Settings, model: string): Settings {
  if (!REASONING.test(model)) return preset;
  return {
    ...preset,
    firstByteMs: Math.max(preset.firstByteMs, REASONING_MS.firstByteMs),
    answerMs: Math.max(preset.answerMs, REASONING_MS.answerMs),
  };
}
