/** Parameters of ours that a server may not know or take. `system`, `developer` and `turns` are about the messages' roles. */
export const PARAMETERS = [
  'temperature',
  'max_completion_tokens',
  'max_tokens',
  'stream_options',
  'reasoning_effort',
  'dimensions',
  'encoding_format',
  'developer',
  'system',
  'turns',
] as const;
export type Parameter = (typeof PARAMETERS)[number];

/** Words by which servers mean a parameter that they do not name. */
const MEANT: [RegExp, Parameter][] = [
  [/include_usage/i, 'stream_options'],
  [/matryoshka/i, 'dimensions'],
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
 * Whether a refusal may be an echo: the server quotes what it was sent, and a text of the request reads like the refusal.
 * Nobody's question may teach us anything.
 */
export function mayBeEcho(refused: string | null, inWords: boolean, texts: string[]): boolean {
  return inWords && texts.some((message) => refusedParameter({ param: [], message }) === refused);
}

/** The parameter that an error is about: by its `param` or `loc`, else the first that its message names. */
export function refusedParameter({ param, message }: { param: string[]; message: string }): Parameter | null {
  const named = PARAMETERS.find((name) => param.some((path) => path.split(/[.[\]]/).includes(name)));
  if (named !== undefined) return named;
  const first =
    /\b(temperature|max_completion_tokens|max_tokens|stream_options|reasoning_effort|dimensions|encoding_format)\b/i
      .exec(message)?.[1]
      ?.toLowerCase();
  const said = PARAMETERS.find((name) => name === first);
  return said ?? MEANT.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
