/** Directives of the last user message, see DIRECTIVES_HELP. Counts are content chunks. */
export type Directives = {
  delay: number;
  gap: number | undefined;
  tokens: number | undefined;
  /** Says this, whatever the question. */
  say?: string;
  echo: boolean;
  split: boolean;
  huge: boolean;
  /** 400 for a request that offers tools. */
  refuseTools: boolean;
  times: number;
  /** A model that answers 500, whatever the other directives. */
  down: string | undefined;
  fault: Fault;
};

/** One fault per request at most; `none`: a normal answer. */
export type Fault =
  | { kind: 'none' | 'silent' }
  | { kind: 'status'; status: number; retryAfter: string | undefined; code: string | undefined }
  | { kind: 'cut' | 'reset' | 'hang' | 'malformed'; after: number };

export const DIRECTIVES_HELP = `Directives in the last user message (N counts content chunks, about one word each):
  [[delay:MS]]      wait before the first chunk        [[gap:MS]]    wait between chunks
  [[tokens:N]]      answer with N words, "w1 w2 …"     [[echo]]      answer with the messages received, as JSON
  [[split]]         non-ASCII text, every write cut in the middle, if possible inside a character
  [[huge]]          one chunk of 10 MB                   [[refuse-tools]] 400 for a request that offers tools
  [[status:500]]    that status and an error body      [[status:429;retry-after:2]] with a Retry-After header
  [[status:400;code:context_length_exceeded]]          … with that code in the error
  [[down:MODEL]]    500 from that model, every other answers
  [[cut:N]]         end the stream after N chunks, without finish_reason and [DONE]
  [[reset:N]]       destroy the connection after N chunks
  [[hang:N]]        send nothing more after N chunks, keep the connection
  [[malformed:N]]   after N chunks send broken JSON
  [[silent]]        never answer, not even headers
  [[times:K]]       the faults (status … silent) strike only the first K times this very text is sent
Anywhere in the text:
  [[fail-embeddings]] [[fail-moderation]]  that endpoint answers 500 (counted by [[times:K]] too)
  [[flag]]                                 moderation flags the text, as it does "kill you"`;

/** Reads a text's directives. Ignores unknown ones. */
export function parseDirectives(text: string): Directives {
  const found = new Map<string, string>();
  for (const [, inside = ''] of text.matchAll(/\[\[([^\]]*)\]\]/g)) {
    for (const part of inside.split(';')) {
      const [name = '', value = ''] = part.split(':');
      found.set(name.trim().toLowerCase(), value.trim());
    }
  }
  const number = (name: string) => (found.has(name) ? Math.max(0, Number(found.get(name)) || 0) : undefined);
  return {
    delay: number('delay') ?? 0,
    gap: number('gap'),
    tokens: number('tokens'),
    echo: found.has('echo'),
    split: found.has('split'),
    huge: found.has('huge'),
    refuseTools: found.has('refuse-tools'),
    times: number('times') ?? Number.POSITIVE_INFINITY,
    down: found.get('down'),
    fault: faultOf(found, number),
  };
}

function faultOf(found: Map<string, string>, number: (name: string) => number | undefined): Fault {
  const status = number('status');
  if (status)
    return { kind: 'status', status, retryAfter: found.get('retry-after'), code: found.get('code') };
  if (found.has('silent')) return { kind: 'silent' };
  for (const kind of ['cut', 'reset', 'hang', 'malformed'] as const) {
    const after = number(kind);
    if (after !== undefined) return { kind, after };
  }
  return { kind: 'none' };
}
