/** A function that a model may ask for instead of, or after, a text. */
export type Tool = { name: string; description: string; parameters: Record<string, unknown> };
/** A model's wish; `input` is what it gave, parsed, or {} where that is not an object. */
export type ToolCall = { name: string; input: Record<string, unknown> };

/** Characters of a call's arguments that are kept. */
const LONGEST = 4_000;

/** The model asks for a person. */
export const HAND_OVER: Tool = {
  name: 'hand_over_to_person',
  description:
    'Hands the conversation over to a person. Call it when the user asks for a person, or when you cannot help and a person could. ' +
    'The user is told that a person will answer.',
  parameters: {
    type: 'object',
    properties: {
      reason: { type: 'string', description: 'In a few words, for the person: what the user needs.' },
    },
    additionalProperties: false,
  },
};

/** A piece of a call in a stream. */
export type CallPiece = { index: number; name: string; input: string };

/** Collects the calls of one answer from their pieces. */
export class ToolCalls {
  readonly #offered: string[];
  readonly #calls = new Map<number, { name: string; input: string }>();

  /** @param offered the tools of the request; a call of any other is dropped */
  constructor(offered: readonly Tool[]) {
    this.#offered = offered.map(({ name }) => name);
  }

  take(pieces: CallPiece[]): void {
    for (const { index, name, input } of pieces) {
      const call = this.#calls.get(index) ?? { name: '', input: '' };
      this.#calls.set(index, { name: call.name + name, input: (call.input + input).slice(0, LONGEST) });
    }
  }

  /** Returns the first call of an offered tool; null: there is none. */
  first(): ToolCall | null {
    const call = [...this.#calls.values()].find(({ name }) => this.#offered.includes(name));
    return call === undefined ? null : { name: call.name, input: parsed(call.input) };
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
