import { AGENT, COMMENTS, FOLLOW_UPS, NOTES, PEOPLE, REASONS, type Topic, TOPICS } from './texts.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const DAYS = 30;
/** Days before now on which the experiment began. */
export const EXPERIMENT_DAYS = 14;

export type Turn = {
  at: number;
  question: string;
  /** The FAQ that the answer cites; null: it says that it knows nothing. */
  faq: string | null;
  status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  waitedMs: number;
  firstMs: number;
  answerMs: number;
  prompt: number;
  completion: number;
  rating: { verdict: 'up' | 'down'; comment: string | null } | null;
};
export type Handoff = {
  at: number;
  reason: string;
  by: 'user' | 'model';
  state: 'waiting' | 'agent' | 'resolved';
  takenAt: number | null;
  said: { at: number; by: 'agent' | 'user'; content: string }[];
  note: { at: number; content: string } | null;
  resolvedAt: number | null;
};
export type Talk = {
  /** Index of the person; beyond PEOPLE: a guest. */
  person: number;
  language: 'en' | 'de';
  channel: 'web' | 'widget' | 'api';
  /** Whether the demonstration's own assistant answers, and not the default one. */
  helpdesk: boolean;
  turns: Turn[];
  handoff: Handoff | null;
  score: number | null;
};
export type Month = { guests: number; talks: Talk[] };

const GUESTS = 30;

/** Makes up a month that ends at `now`, oldest conversation first: the same one for the same time. */
export function makeMonth(now: number): Month {
  const dice = diceOf(20_261_126);
  const talks: Talk[] = [];
  for (let day = DAYS; day >= 1; day -= 1) {
    const weekday = new Date(now - day * DAY).getUTCDay();
    const weekend = weekday === 0 || weekday === 6;
    // Grows over the month, and rests at weekends.
    const count = Math.round((weekend ? 5 : 11) + (DAYS - day) / 5 + dice.below(4));
    for (let i = 0; i < count; i += 1) {
      const at = now - day * DAY + Math.floor(dice.next() * 22) * HOUR + dice.below(HOUR);
      talks.push(talk(dice, at, now, day <= EXPERIMENT_DAYS));
    }
  }
  talks.sort((a, b) => beganAt(a) - beganAt(b));
  return { guests: GUESTS, talks: [...talks, ...atTheDesk(dice, now)] };
}

export function beganAt({ turns: [first] }: Talk): number {
  return first?.at ?? 0;
}

function talk(dice: Dice, at: number, now: number, helpdesk: boolean): Talk {
  const topic = dice.among(TOPICS);
  const { language } = topic;
  const person = personOf(dice, language);
  const turns = [turn(dice, at, topic)];
  const more = dice.below(3);
  for (let i = 0, next = at; i < more && topic.faq !== null; i += 1) {
    next += 40_000 + dice.below(4 * MINUTE);
    turns.push(turn(dice, next, dice.next() < 0.4 ? topic : follow(topic, dice.of(FOLLOW_UPS[language]))));
  }
  const asks = topic.faq === null ? dice.next() < 0.35 : dice.next() < 0.03;
  const last = turns.at(-1) as Turn;
  const handoff = asks ? resolved(dice, last.at + last.answerMs + 30_000, language, now) : null;
  return {
    person,
    language,
    channel: person >= PEOPLE.length ? 'widget' : dice.of(['web', 'web', 'web', 'widget', 'api'] as const),
    helpdesk: helpdesk && dice.next() < 0.6,
    turns,
    handoff,
    score: dice.next() < 0.18 ? dice.of(topic.faq === null ? [2, 3, 3, 4] : [3, 4, 4, 5, 5, 5]) : null,
  };
}

/** Returns four conversations that wait, longest first, and two that the agent has. */
function atTheDesk(dice: Dice, now: number): Talk[] {
  return [47, 19, 8, 3, 64, 31].map((minutes, i) => {
    const topic = dice.of(TOPICS.filter(({ faq }) => faq === null));
    const { language } = topic;
    const at = now - minutes * MINUTE;
    const first = turn(dice, at - 2 * MINUTE, topic);
    const taken = i >= 4;
    const hello = { at: at + 3 * MINUTE, by: 'agent' as const, content: AGENT[language][0] ?? '' };
    return {
      person: personOf(dice, language),
      language,
      channel: dice.of(['web', 'widget'] as const),
      helpdesk: false,
      turns: [{ ...first, rating: null, status: 'completed' }],
      handoff: {
        at,
        reason: dice.of(REASONS[language]),
        by: 'user',
        state: taken ? 'agent' : 'waiting',
        takenAt: taken ? at + 2 * MINUTE : null,
        said: taken ? [hello] : [],
        note: taken ? { at: at + 4 * MINUTE, content: dice.of(NOTES) } : null,
        resolvedAt: null,
      },
      score: null,
    } satisfies Talk;
  });
}

function resolved(dice: Dice, at: number, language: 'en' | 'de', now: number): Handoff {
  const takenAt = at + MINUTE + dice.below(25 * MINUTE);
  let next = takenAt;
  const say = (by: 'agent' | 'user', content: string) => {
    next += 20_000 + dice.below(3 * MINUTE);
    return { at: next, by, content };
  };
  const [hello, sent, bye] = AGENT[language] as [string, string, string];
  const said = [
    say('agent', hello),
    say('agent', sent),
    say('user', dice.of(FOLLOW_UPS[language])),
    say('agent', bye),
  ];
  const resolvedAt = next + 30_000;
  if (resolvedAt > now) throw new Error('the month is not over');
  return {
    at,
    reason: dice.of(REASONS[language]),
    by: dice.next() < 0.7 ? 'user' : 'model',
    state: 'resolved',
    takenAt,
    said,
    note: dice.next() < 0.3 ? { at: takenAt + 10_000, content: dice.of(NOTES) } : null,
    resolvedAt,
  };
}

function turn(dice: Dice, at: number, { faq, questions }: Topic): Turn {
  const chance = dice.next();
  const status =
    chance < 0.95 ? 'completed' : chance < 0.97 ? 'incomplete' : chance < 0.985 ? 'failed' : 'cancelled';
  const waitedMs = 15 + dice.below(dice.next() < 0.05 ? 2_500 : 120);
  const firstMs = 250 + dice.below(700);
  const verdict = dice.next() < (faq === null ? 0.35 : 0.12) ? 'down' : 'up';
  const rated = status === 'completed' && dice.next() < 0.22;
  return {
    at,
    question: dice.of(questions),
    faq,
    status,
    waitedMs,
    firstMs,
    answerMs: waitedMs + firstMs + 600 + dice.below(4_500),
    prompt: 420 + dice.below(900),
    completion: 40 + dice.below(180),
    rating: rated ? { verdict, comment: dice.of<string | null>(COMMENTS[verdict]) } : null,
  };
}

function follow(topic: Topic, question: string): Topic {
  return { ...topic, questions: [question] };
}

function personOf(dice: Dice, language: 'en' | 'de'): number {
  if (dice.next() < 0.25) return PEOPLE.length + dice.below(GUESTS);
  const own = PEOPLE.flatMap(([, , speaks], i) => (speaks === language ? [i] : []));
  return dice.of(own);
}

type Dice = ReturnType<typeof diceOf>;

/** Numbers that look random and are the same for the same seed: mulberry32 (Tommy Ettinger, public domain). */
function diceOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const of = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const among = (topics: Topic[]): Topic => {
    let left = next() * topics.reduce((sum, { weight }) => sum + weight, 0);
    return topics.find(({ weight }) => (left -= weight) < 0) ?? (topics[0] as Topic);
  };
  return { next, below, of, among };
}
