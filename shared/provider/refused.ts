/** Parameters that a server may refuse. `system`, `developer` and `turns` concern the messages' roles. */
export const PARAMETERS = [
  'temperature',
  'max_completion_tokens',
  'max_tokens',
  'stream_options',
  'reasoning_effort',
  'dimensions',
  'encoding_format',
  'response_format',
  'developer',
  'system',
  'turns',
] as const;
export type Parameter = (typeof PARAMETERS)[number];

/** Words that imply a parameter without its name. */
const MEANT: [RegExp, Parameter][] = [
  [/include_usage/i, 'stream_options'],
  [/matryoshka/i, 'dimensions'],
  [/json_schema|json_object|structured output/i, 'response_format'],
  [
    /roles? must alternate|alternat\w+ (between )?user|after the optional system message|consecutive/i,
    'turns',
  ],
  [/\bdeveloper\b/i, 'developer'],
  [
    /system (role|message|prompt|instruction)s?\b.*\bnot\b|role.{0,20}\bsystem\b|only (supports? )?user and assistant/is,
    'system',
  ],
];

/**
 * Returns whether a refusal may be an echo: servers quote requests, and a text of the request may read like a refusal.
 * A user's question must not change the learned settings.
 */
export function mayBeEcho(refused: string | null, inWords: boolean, texts: string[]): boolean {
  return inWords && texts.some((message) => refusedParameter({ param: [], message }) === refused);
}

/** Returns the parameter of an error: from its `param` or `loc`, or else the first that its message names. */
export function refusedParameter({ param, message }: { param: string[]; message: string }): Parameter | null {
  const named = PARAMETERS.find((name) => param.some((path) => path.split(/[.[\]]/).includes(name)));
  if (named !== undefined) return named;
  const first =
    /\b(temperature|max_completion_tokens|max_tokens|stream_options|reasoning_effort|dimensions|encoding_format|response_format)\b/i
      .exec(message)?.[1]
      ?.toLowerCase();
  const said = PARAMETERS.find((name) => name === first);
  return said ?? MEANT.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
