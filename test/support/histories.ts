import { knex } from '../../db/knex.ts';
import type { Channel } from '../../db/models/run.ts';

/** A thing that happened, as a plain recount sees it. `at`: ms. */
export type Fact = {
  at: number;
  kind: 'message' | 'run' | 'up' | 'down' | 'conversation' | 'user' | 'handoff';
  user: number;
  /** An account has none. */
  channel?: Channel;
  assistant?: number | null;
  status?: string;
  cited?: boolean;
  language?: string;
  model?: string | null;
  tokens?: [prompt: number, completion: number, total: number];
  /** Whether its tokens were counted. */
  counted?: boolean;
  first?: number | null;
  answer?: number | null;
  waited?: number | null;
  faqs?: number[];
};
/** What became of a conversation. */
export type Fate = {
  id: number;
  channel: Channel;
  assistant: number | null;
  began: number;
  answered: boolean;
  rated: string | null;
  handedOff: boolean;
  quiet: boolean;
  score: number | null;
};
export type Past = { facts: Fact[]; fates: Fate[] };

const QUARTER = 900_000;
const idOf = (id: string | null) => (id === null ? null : Number(id));
const belongings = (one: { channel: Channel; assistant_id: string | null }) => ({
  channel: one.channel,
  assistant: idOf(one.assistant_id),
});

/** Reads every row and counts nothing: the plain truth that analytics is held against. */
export async function pastOfRows(quietMs: number): Promise<Past> {
  const [users, conversations, messages, runs, feedback, scores, episodes] = await Promise.all([
    knex('users'),
    knex('conversations'),
    knex('messages').where({ message_type: 'user' }),
    knex('runs').whereNotNull('completed_at'),
    knex('message_feedback'),
    knex('conversation_ratings'),
    knex('episodes').whereNotNull('handoff_at'),
  ]);
  const ms = (time: Date | null) => (time === null ? null : time.getTime());
  const byId = new Map(conversations.map((one) => [one.id, one]));
  const of = (one: { conversation_id: string }) => belongings(byId.get(one.conversation_id));
  const facts: Fact[] = [
    ...users.map(({ id, created_at }): Fact => ({ at: ms(created_at)!, kind: 'user', user: id })),
    ...conversations.map(
      (one): Fact => ({
        at: ms(one.created_at)!,
        kind: 'conversation',
        user: one.user_id,
        ...belongings(one),
      }),
    ),
    ...messages.map(
      (one): Fact => ({
        at: ms(one.created_at)!,
        kind: 'message',
        user: one.user_id,
        ...of(one),
        language: byId.get(one.conversation_id).language,
      }),
    ),
    ...runs.map((run): Fact => {
      const answered = ['completed', 'incomplete'].includes(run.status);
      const since = (time: Date | null) => (time === null ? null : time.getTime() - run.created_at.getTime());
      return {
        at: ms(run.completed_at)!,
        kind: 'run',
        user: run.user_id,
        ...of(run),
        assistant: idOf(run.assistant_id),
        status: run.status,
        cited: run.sources.length > 0,
        model: run.model,
        counted: run.total_tokens !== null,
        tokens: [run.prompt_tokens ?? 0, run.completion_tokens ?? 0, run.total_tokens ?? 0],
        first: answered ? run.first_token_ms : null,
        answer: answered ? since(run.completed_at) : null,
        waited: since(run.started_at),
        faqs: run.sources.map(({ faq_id }: { faq_id: number }) => faq_id),
      };
    }),
    ...feedback.map(
      (one): Fact => ({
        at: ms(one.created_at)!,
        kind: one.rating,
        user: one.user_id,
        ...of(one),
      }),
    ),
    ...episodes.map(
      (one): Fact => ({
        at: ms(one.handoff_at)!,
        kind: 'handoff',
        user: one.user_id,
        ...of(one),
      }),
    ),
  ];
  const fates = conversations.map((one): Fate => {
    const answers = runs
      .filter((run) => run.conversation_id === one.id && ['completed', 'incomplete'].includes(run.status))
      .toSorted((a, b) => a.id - b.id);
    const last = answers.at(-1);
    return {
      id: Number(one.id),
      ...belongings(one),
      began: ms(one.created_at)!,
      answered: last !== undefined,
      rated: feedback.find(({ message_id }) => message_id === last?.reply_id)?.rating ?? null,
      handedOff: episodes.some(({ conversation_id }) => conversation_id === one.id),
      quiet: one.last_message_at.getTime() <= Date.now() - quietMs,
      score: scores.find(({ conversation_id }) => conversation_id === one.id)?.score ?? null,
    };
  });
  return { facts, fates };
}

/** Puts what was deleted into quarter hours, as analytics keeps it. */
export function kept({ facts, fates }: Past): Past {
  const quarter = (at: number) => Math.floor(at / QUARTER) * QUARTER;
  return {
    facts: facts.map((fact) => ({ ...fact, at: quarter(fact.at) })),
    fates: fates.map((fate) => ({ ...fate, began: quarter(fate.began) })),
  };
}

export type Told = {
  user: number;
  conversation?: number;
  at: number;
  status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  channel?: Channel;
  assistant?: number | null;
  language: string;
  model: string;
  tokens: [number, number];
  waitedMs: number;
  firstMs: number;
  answerMs: number;
  faq: number | null;
};

/** Stores a question and its ended run at a time of the past, in a new conversation or an old one. Returns the ids. */
export async function tell(
  told: Told,
): Promise<{ conversation: number; run: number; question: number; reply: number }> {
  const at = new Date(told.at);
  const after = (ms: number) => new Date(told.at + ms);
  return knex.transaction(async (trx) => {
    let conversation = told.conversation;
    if (conversation === undefined) {
      const [begun] = await trx('conversations')
        .insert({
          user_id: told.user,
          language: told.language,
          channel: told.channel ?? 'api',
          assistant_id: told.assistant ?? null,
          created_at: at,
          last_message_at: after(told.answerMs),
        })
        .returning('id');
      conversation = Number(begun.id);
    } else
      await trx('conversations')
        .where({ id: conversation })
        .update({ last_message_at: trx.raw('greatest(last_message_at, ?)', [after(told.answerMs)]) });
    const run = Number(
      (await trx.raw(`SELECT nextval(pg_get_serial_sequence('runs', 'id')) AS id`)).rows[0].id,
    );
    const said = { conversation_id: conversation, user_id: told.user, run_id: run, created_at: at };
    const [question] = await trx('messages')
      .insert({ ...said, content: 'Q', message_type: 'user', status: 'sent' })
      .returning('id');
    const [reply] = await trx('messages')
      .insert({ ...said, content: 'A', message_type: 'assistant', status: 'sent' })
      .returning('id');
    const total = told.tokens[0] + told.tokens[1];
    const used = told.status === 'completed' || told.status === 'incomplete';
    await trx('runs').insert({
      id: run,
      user_id: told.user,
      conversation_id: conversation,
      assistant_id: told.assistant ?? null,
      assistant_version: told.assistant ? 1 : null,
      message_id: question.id,
      reply_id: reply.id,
      status: told.status,
      language: told.language,
      request_hash: '',
      model: told.model,
      sources: JSON.stringify(told.faq === null ? [] : [{ faq_id: told.faq, question: 'Q', similarity: 1 }]),
      created_at: at,
      started_at: after(told.waitedMs),
      completed_at: after(told.answerMs),
      announced_at: after(told.answerMs),
      ...(told.status === 'failed' && { error_code: 'crashed', error_message: '' }),
      ...(used && {
        prompt_tokens: told.tokens[0],
        completion_tokens: told.tokens[1],
        total_tokens: total,
        first_token_ms: told.firstMs,
      }),
    });
    return { conversation, run, question: Number(question.id), reply: Number(reply.id) };
  });
}
