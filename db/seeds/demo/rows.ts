import type { Knex } from 'knex';
import { beganAt, type Month, type Talk, type Turn } from './month.ts';
import { UNKNOWN } from './texts.ts';

/** Who the month is about beside its people: an assistant with an experiment, an agent, and the default assistant. */
export type Desk = {
  assistant: number;
  experiment: number;
  agent: number;
  standard: { id: number; version: number };
};

export type Row = Record<string, unknown>;
type Rows = Record<
  | 'conversations'
  | 'messages'
  | 'runs'
  | 'episodes'
  | 'message_feedback'
  | 'conversation_ratings'
  | 'conversation_notes'
  | 'faq_gaps',
  Row[]
>;
type Given = { month: Month; people: number[]; desk: Desk; model: string };
type Faq = { id: number; slug: string; question: string; answer: string };

/** Makes the rows of all conversations. Ids are drawn beforehand, so that rows can name each other. */
export async function rowsOf(trx: Knex, { month: { talks }, people, desk, model }: Given): Promise<Rows> {
  const rows: Rows = {
    conversations: [],
    episodes: [],
    messages: [],
    runs: [],
    message_feedback: [],
    conversation_ratings: [],
    conversation_notes: [],
    faq_gaps: [],
  };
  const turns = talks.reduce((sum, talk) => sum + talk.turns.length, 0);
  const said = talks.reduce((sum, talk) => sum + (talk.handoff?.said.length ?? 0), 0);
  const draw = {
    conversations: await drawer(trx, 'conversations', talks.length),
    episodes: await drawer(trx, 'episodes', talks.length),
    runs: await drawer(trx, 'runs', turns),
    messages: await drawer(trx, 'messages', 2 * turns + said),
  };
  const faqs = new Map<string, Faq>();
  for (const faq of (await trx('faqs').select('id', 'slug', 'question', 'answer')) as Faq[])
    faqs.set(faq.slug, faq);

  for (const talk of talks) {
    const user_id = people[talk.person];
    const [id, episode] = [draw.conversations(), draw.episodes()];
    const assistant = talk.helpdesk ? { id: desk.assistant, version: 1 } : desk.standard;
    const messages: Row[] = [];
    const say = (at: number, fields: Row) => {
      const message_id = draw.messages();
      messages.push({
        metadata: {},
        in_context: true,
        ...fields,
        id: message_id,
        conversation_id: id,
        user_id,
        created_at: new Date(at),
      });
      return message_id;
    };
    let tokens = 0;
    for (const turn of talk.turns) {
      const run = draw.runs();
      const faq = turn.faq === null ? undefined : faqs.get(turn.faq);
      const answer = faq ? `${faq.answer} [${faq.id}]` : UNKNOWN[talk.language];
      const { status } = turn;
      const [used, ended] = [isUsed(turn), turn.at + turn.answerMs];
      const question = say(turn.at, {
        run_id: run,
        content: turn.question,
        message_type: 'user',
        status: 'sent',
      });
      const content = {
        completed: answer,
        incomplete: answer.slice(0, 80),
        failed: '',
        cancelled: answer.slice(0, 30),
      };
      const reply = say(turn.at, {
        run_id: run,
        content: content[status],
        message_type: 'assistant',
        status: used ? 'sent' : status,
        ...(used && { model_used: model, tokens_used: turn.completion }),
        response_time_ms: turn.answerMs,
      });
      tokens += used ? turn.prompt + turn.completion : 0;
      const ids = { id: run, user_id, conversation_id: id, message_id: question, reply_id: reply };
      rows.runs.push({
        ...ids,
        language: talk.language,
        assistant_id: assistant.id,
        assistant_version: assistant.version,
        ...runOf(turn, faq, model),
      });
      if (turn.rating)
        rows.message_feedback.push({
          message_id: reply,
          conversation_id: id,
          user_id,
          rating: turn.rating.verdict,
          comment: turn.rating.comment,
          created_at: new Date(ended + 20_000),
          updated_at: new Date(ended + 20_000),
        });
      const reason = faq === undefined ? 'no_passage' : 'rated_down';
      if (status === 'completed' && (faq === undefined || turn.rating?.verdict === 'down'))
        rows.faq_gaps.push({ message_id: question, reason, created_at: new Date(ended) });
    }
    for (const { at, by, content } of talk.handoff?.said ?? [])
      say(at, { content, message_type: by, status: 'sent', ...(by === 'agent' && { agent_id: desk.agent }) });
    rows.messages.push(...messages);
    rows.conversations.push(
      conversationOf(talk, { id, user_id, episode, assistant: assistant.id, messages, tokens, desk }),
    );
    rows.episodes.push(
      episodeOf(talk, { id: episode, conversation_id: id, user_id, assistant_id: assistant.id }, desk),
    );
    const lastAt = lastOf(talk);
    if (talk.score !== null) {
      const times = { created_at: new Date(lastAt + 60_000), updated_at: new Date(lastAt + 60_000) };
      rows.conversation_ratings.push({ conversation_id: id, score: talk.score, ...times });
    }
    const note = talk.handoff?.note;
    if (note)
      rows.conversation_notes.push({
        conversation_id: id,
        agent_id: desk.agent,
        content: note.content,
        created_at: new Date(note.at),
      });
  }
  return rows;
}

/** Says whether the model's tokens were counted. */
function isUsed({ status }: Turn): boolean {
  return status === 'completed' || status === 'incomplete';
}

/** Returns what a run says of its turn. @param faq what its answer cites */
function runOf(turn: Turn, faq: Faq | undefined, model: string): Row {
  const { at, status, prompt, completion } = turn;
  const source = faq && { faq_id: faq.id, question: faq.question, similarity: 0.62 };
  const ended = new Date(at + turn.answerMs);
  return {
    status,
    request_hash: '',
    attempt: 1,
    generation: 1,
    sources: source && status === 'completed' ? [source] : [],
    context: contextOf(prompt, faq && source ? [{ ...source, answer: faq.answer }] : []),
    moderation: { flagged: false, categories: [], model: 'omni-moderation-latest' },
    created_at: new Date(at),
    queued_at: new Date(at),
    started_at: new Date(at + turn.waitedMs),
    completed_at: ended,
    announced_at: ended,
    ...(status === 'failed'
      ? { error_code: 'provider_error', error_message: 'The model did not answer.' }
      : { model }),
    ...(isUsed(turn) && {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      first_token_ms: turn.firstMs,
      finish_reason: status === 'completed' ? 'stop' : 'length',
    }),
  };
}

function contextOf(prompt: number, passages: Row[]): Row {
  const system = 180;
  return {
    message_ids: [],
    passages,
    question_cut_to: null,
    budget: 6_000,
    tokens: {
      system,
      passages: passages.length * 120,
      history: 0,
      question: Math.max(1, prompt - system - passages.length * 120),
    },
    cut: { messages: 0, passages: 0 },
    shrunk: false,
    passages_unavailable: false,
  };
}

function lastOf({ turns, handoff }: Talk): number {
  const last = turns.at(-1);
  return Math.max((last?.at ?? 0) + (last?.answerMs ?? 0), handoff?.said.at(-1)?.at ?? 0);
}

type Drawn = {
  id: number;
  user_id: unknown;
  episode: number;
  assistant: number;
  messages: Row[];
  tokens: number;
  desk: Desk;
};

function conversationOf(talk: Talk, { id, user_id, episode, assistant, messages, tokens, desk }: Drawn): Row {
  const { handoff } = talk;
  const lastAt = lastOf(talk);
  const status = handoff?.state ?? 'bot';
  const began = beganAt(talk);
  const since = handoff && (handoff.resolvedAt ?? handoff.takenAt ?? handoff.at);
  return {
    id,
    user_id,
    assistant_id: assistant,
    title: talk.turns[0]?.question,
    language: talk.language,
    channel: talk.channel,
    context: {},
    tags: ['demo'],
    is_active: true,
    is_archived: false,
    // The agent who took the conversation has read it.
    agent_read_id: handoff?.takenAt ? (messages.at(-1)?.id as number) : 0,
    message_count: messages.length,
    total_tokens: tokens,
    duration_seconds: Math.floor((lastAt - began) / 1_000),
    status,
    status_since: since === null ? null : new Date(since),
    handoff_reason: handoff?.reason,
    outcome: status === 'resolved' ? 'answered' : null,
    waiting_since: handoff?.state === 'waiting' ? new Date(handoff.at) : null,
    agent_id: handoff?.takenAt ? desk.agent : null,
    episode_id: status === 'resolved' ? null : episode,
    created_at: new Date(began),
    updated_at: new Date(lastAt),
    last_message_at: new Date(lastAt),
  };
}

function episodeOf(talk: Talk, ids: Row, { agent }: Desk): Row {
  const { handoff } = talk;
  const at = (time: number | null | undefined) => (time ? new Date(time) : null);
  return {
    ...ids,
    reopened: false,
    started_at: new Date(beganAt(talk)),
    ...(handoff && {
      handoff_at: at(handoff.at),
      handoff_by: handoff.by,
      handoff_reason: handoff.reason,
      taken_at: at(handoff.takenAt),
      first_reply_at: at(handoff.said[0]?.at),
      resolved_at: at(handoff.resolvedAt),
      ...(handoff.takenAt && { agent_id: agent }),
      ...(handoff.resolvedAt && { resolved_by: agent, outcome: 'answered' }),
    }),
  };
}

/** Draws ids of a table; returns a function that gives them one by one, lowest first. */
async function drawer(trx: Knex, table: string, count: number): Promise<() => number> {
  const { rows } = (await trx.raw(
    `SELECT nextval(pg_get_serial_sequence(?, 'id')) AS id FROM generate_series(1, ?::int) ORDER BY 1`,
    [table, count],
  )) as { rows: { id: number }[] };
  let next = 0;
  return () => {
    const drawn = rows[next++];
    if (drawn === undefined) throw new Error(`too few ids of ${table}`);
    return Number(drawn.id);
  };
}
