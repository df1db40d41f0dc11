/** Options of `npm run chaos`. wipes: emptied Redises and restarted stores. */
export type Options = { seed: number; messages: number; minutes: number; kills: number; wipes: number };

/** A fault. at: a position between messages; 12.5 is midway between the 12th and the 13th. index: copy of the type. */
export type Fault =
  | ProcessFault
  | { at: number; kind: 'flush' | 'redis' | 'freeze' | 'postgres' }
  | { at: number; kind: 'cut'; user: number; device: number };

export type ProcessFault =
  | { at: number; kind: 'kill' | 'term'; type: string; index: number }
  | { at: number; kind: 'stop'; type: string; index: number; seconds: number };

/** A message, its user, and how to send it. */
export type Planned = {
  index: number;
  user: number;
  conversation: number;
  content: string;
  /** Words of the stand-in's answer. */
  words: number;
  transport: 'http' | 'socket';
  /** Whether to send the message twice at once under one key. */
  twice: boolean;
  /** Whether the message cancels earlier runs of its conversation. */
  interrupts: boolean;
  /** Whether the message follows the one before it at once, and joins its run if that has not called the model yet. */
  coalesces: boolean;
  /** Whether the user asks for a person after the 202. */
  handsOver: boolean;
  /** Ms after the 202 until the user cancels. */
  cancelAfter: number | undefined;
};

export type Plan = { messages: Planned[]; faults: Fault[] };

export const USERS = 8;
/** Agents who take conversations, reply and give them back. */
export const AGENTS = 2;
export const CONVERSATIONS = 4;
export const DEVICES = 2;

/** A process that works both stages, which share statements (workers/together.ts). */
export const JOINED = 'moderation context';
/** Copies of each process type; 2 of other types. */
export const COPIES: Record<string, number> = {
  web: 3,
  completion: 3,
  moderation: 1,
  context: 1,
  [JOINED]: 1,
};
/** Weights of the types for faults; busier types have more. */
const WEIGHTS: Record<string, number> = {
  web: 3,
  completion: 6,
  moderation: 2,
  context: 2,
  [JOINED]: 3,
  housekeeping: 2,
};
/** Failures of the stand-in, each once, for one message in twelve. */
const TROUBLES = [
  'status:500',
  'status:429;retry-after:1',
  'cut:7',
  'reset:5',
  'malformed:4',
  'hang:6',
  'silent',
];
const OTHER_TROUBLES = ['fail-moderation', 'fail-embeddings'];

/** Makes the plan of a round from its options. The same options give the same plan. */
export function makePlan(options: Options, types: string[], canRestartPostgres: boolean): Plan {
  const random = randomFrom(options.seed);
  const messages: Planned[] = [];
  for (let index = 0; index < options.messages; index++) {
    const message = makeMessage(index, options, random);
    const before = messages.at(-1);
    // A burst goes on in the conversation where it began.
    if (message.coalesces && before !== undefined)
      Object.assign(message, { user: before.user, conversation: before.conversation });
    messages.push(message);
  }
  return { messages, faults: makeFaults(options, types, canRestartPostgres, random) };
}

/** Returns a generator of numbers from 0 to 1; one seed gives one sequence (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a random item of a list. */
export function oneOf<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}

function makeMessage(index: number, { seed }: Options, random: () => number): Planned {
  const long = random() < 0.06;
  const words = Math.floor(long ? 100 + random() * 100 : 20 + random() * 80);
  const gap = Math.floor(8 + random() * 12);
  const trouble =
    random() < 1 / 12 ? `[[${oneOf([...TROUBLES, ...OTHER_TROUBLES], random)}]] [[times:1]]` : '';
  return {
    index,
    // Some users and conversations are busier than others, so that messages queue up behind each other.
    user: Math.floor(random() * USERS),
    conversation: Math.floor(random() ** 2 * CONVERSATIONS),
    content: `Question ${index} of round ${seed} [[tokens:${words}]] [[gap:${gap}]] ${trouble}`.trim(),
    words,
    transport: random() < 0.5 ? 'http' : 'socket',
    twice: random() < 0.05,
    interrupts: random() < 0.03,
    coalesces: random() < 0.3,
    handsOver: random() < 0.1,
    cancelAfter: random() < 0.05 ? Math.floor(random() * 1_500) : undefined,
  };
}

function makeFaults(options: Options, types: string[], canRestart: boolean, random: () => number): Fault[] {
  const { messages, kills, wipes } = options;
  const at = () => 1 + random() * (messages - 1);
  const target = () => {
    const type = weighted(types, random);
    return { type, index: Math.floor(random() * (COPIES[type] ?? 2)) };
  };
  const some = (count: number, make: (i: number) => Fault) =>
    Array.from({ length: Math.round(count) }, (_, i) => make(i));
  const wipe = ['flush', 'redis', 'flush', 'redis', canRestart ? 'postgres' : 'flush'] as const;
  return [
    ...some(kills, () => ({ at: at(), kind: 'kill', ...target() })),
    ...some(kills / 12, () => ({ at: at(), kind: 'term', ...target() })),
    ...some(kills / 15, () => ({
      at: at(),
      kind: 'stop',
      ...target(),
      seconds: 10 + Math.floor(random() * 6),
    })),
    ...some(wipes, (i) => ({
      at: at(),
      kind: wipe[(i + Math.floor(options.seed)) % wipe.length] as 'flush',
    })),
    ...some(Math.ceil(wipes / 5), () => ({ at: at(), kind: 'freeze' })),
    ...some(messages / 12, () => ({
      at: at(),
      kind: 'cut',
      user: Math.floor(random() * USERS),
      device: Math.floor(random() * DEVICES),
    })),
  ].toSorted((a, b) => a.at - b.at);
}

function weighted(types: string[], random: () => number): string {
  const sum = types.reduce((total, type) => total + (WEIGHTS[type] ?? 1), 0);
  let left = random() * sum;
  return types.find((type) => (left -= WEIGHTS[type] ?? 1) < 0) ?? 'completion';
}
