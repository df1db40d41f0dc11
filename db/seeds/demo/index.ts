import { hash } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { knex } from '../../knex.ts';
import { defaultAssistant } from '../assistants.ts';
import { DAYS, EXPERIMENT_DAYS, makeMonth, type Month, type Talk, beganAt } from './month.ts';
import { PEOPLE, UNKNOWN } from './texts.ts';

const DAY = 86_400_000;
/** Rows of one statement. */
const BATCH = 500;

export type Added = { people: number; conversations: number; messages: number };

/**
 * Adds a month of conversations that never were: accounts and guests, answers with their sources, ratings, an inbox, an
 * experiment, and questions that nothing answers. All in one transaction, after `seed`. Adds nothing where it was added before.
 * The accounts' names begin with `demo-`, and nobody can sign in to them; the conversations have the tag `demo`.
 * @param model the name of the model that is said to have answered
 * @throws where an endpoint of a webhook is enabled: it would be sent the whole month
 */
export async function seedDemo(model: string, now = Date.now()): Promise<Added | undefined> {
  const month = makeMonth(now);
  const unknown = await hash(randomBytes(32).toString('hex'), { memoryCost: 8, timeCost: 1, parallelism: 1 });
  return knex.transaction(async (trx) => {
    // One caller at a time: another one waits, and then finds what this one added.
    await trx.raw('LOCK TABLE assistants IN SHARE ROW EXCLUSIVE MODE');
    if (
      await trx('users')
        .where({ username: usernameOf(0) })
        .first('id')
    )
      return undefined;
    if (await trx('webhooks').where({ enabled: true }).first('id'))
      throw new Error('an endpoint of a webhook is enabled, and would be sent a month of events');
    const people = await addPeople(trx, month, unknown, now);
    const desk = await addHelpdesk(trx, now);
    const rows = await rowsOf(trx, { month, people, desk, model });
    for (const [table, all] of Object.entries(rows)) await insert(trx, table, all);
    await trx.raw(
      'UPDATE conversations SET experiment_version = arm_drawn(e, conversations.id), experiment_id = e.id FROM experiments e WHERE e.id = ? AND conversations.assistant_id = e.assistant_id',
      [desk.experiment],
    );
    await trx.raw(
      `UPDATE runs SET assistant_version = c.experiment_version FROM conversations c
      WHERE c.id = runs.conversation_id AND c.experiment_id = ?`,
      [desk.experiment],
    );
    await rateFaqs(trx, people);
    return {
      people: people.length,
      conversations: rows.conversations.length,
      messages: rows.messages.length,
    };
  });
}

function usernameOf(person: number): string {
  const [first = '', last = ''] = PEOPLE[person] ?? [];
  return `demo-${first}-${last}`.toLowerCase();
}

async function addPeople(
  trx: Knex,
  { guests }: Month,
  hashed_password: string,
  now: number,
): Promise<number[]> {
  const consents = { gdpr_consent: true, data_processing_consent: true };
  const since = (i: number) => new Date(now - DAYS * DAY - (1 + ((i * 7) % 40)) * 3_600_000);
  const accounts = PEOPLE.map(([first_name, last_name, language], i) => ({
    ...consents,
    email: `${usernameOf(i)}@parley.local`,
    username: usernameOf(i),
    hashed_password,
    first_name,
    last_name,
    language,
    role: 'user',
    // A third of them came in the month.
    created_at: i % 3 === 0 ? new Date(now - DAYS * DAY) : since(i),
  }));
  const visitors = Array.from({ length: guests }, (_, i) => ({
    ...consents,
    role: 'guest',
    language: i % 3 === 0 ? 'de' : 'en',
    created_at: since(i),
  }));
  const ids: number[] = [];
  for (const group of [accounts, visitors])
    for (const { id } of await trx('users').insert(group).returning('id')) ids.push(Number(id));
  return ids;
}

type Desk = {
  assistant: number;
  experiment: number;
  agent: number;
  standard: { id: number; version: number };
};

/** Adds the assistant of the experiment, with two versions. The default one stays as it is. */
async function addHelpdesk(trx: Knex, now: number): Promise<Desk> {
  const began = new Date(now - EXPERIMENT_DAYS * DAY - 3_600_000);
  const named = { ...defaultAssistant, name: 'Helpdesk (demo)' };
  const versions = [
    { ...named, instructions: 'You answer for a helpdesk. Answer fully and name the next step.' },
    { ...named, instructions: 'You answer for a helpdesk. Answer in two sentences at most.' },
  ];
  const [{ id: assistant }] = await trx('assistants')
    .insert({ version: 2, created_at: began })
    .returning('id');
  await trx('assistant_versions').insert(
    versions.map((definition, i) => ({
      assistant_id: assistant,
      version: i + 1,
      definition: JSON.stringify(definition),
      created_at: began,
    })),
  );
  const [{ id: experiment }] = await trx('experiments')
    .insert({ assistant_id: assistant, version_a: 1, version_b: 2, share: 0.5, created_at: began })
    .returning('id');
  const agent = await trx('users').where({ email: 'agent@parley.local' }).first('id');
  const standard = await trx('assistants').where({ is_default: true }).first('id', 'version');
  if (agent === undefined || standard === undefined)
    throw new Error('seed first: agent@parley.local or the default is missing');
  return { assistant, experiment, agent: agent.id, standard };
}

type Row = Record<string, unknown>;
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
async function rowsOf(trx: Knex, { month: { talks }, people, desk, model }: Given): Promise<Rows> {
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
      const source = faq && { faq_id: faq.id, question: faq.question, similarity: 0.62 };
      const answer = faq ? `${faq.answer} [${faq.id}]` : UNKNOWN[talk.language];
      const { status } = turn;
      const [used, ended] = [status === 'completed' || status === 'incomplete', turn.at + turn.answerMs];
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
      const total = used ? turn.prompt + turn.completion : 0;
      tokens += total;
      rows.runs.push({
        id: run,
        user_id,
        conversation_id: id,
        message_id: question,
        reply_id: reply,
        status,
        language: talk.language,
        request_hash: '',
        attempt: 1,
        generation: 1,
        assistant_id: assistant.id,
        assistant_version: assistant.version,
        sources: source && status === 'completed' ? [source] : [],
        context: contextOf(turn.prompt, faq && source ? [{ ...source, answer: faq.answer }] : []),
        moderation: { flagged: false, categories: [], model: 'omni-moderation-latest' },
        created_at: new Date(turn.at),
        queued_at: new Date(turn.at),
        started_at: new Date(turn.at + turn.waitedMs),
        completed_at: new Date(ended),
        announced_at: new Date(ended),
        ...(status === 'failed'
          ? { error_code: 'provider_error', error_message: 'The model did not answer.' }
          : { model }),
        ...(used && {
          prompt_tokens: turn.prompt,
          completion_tokens: turn.completion,
          total_tokens: total,
          first_token_ms: turn.firstMs,
          finish_reason: status === 'completed' ? 'stop' : 'length',
        }),
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
    // Whoever took it has read it.
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

/** Has some people rate FAQs. */
async function rateFaqs(trx: Knex, people: number[]): Promise<void> {
  const faqs: number[] = await trx('faqs').where({ status: 'published' }).orderBy('id').limit(16).pluck('id');
  for (const [i, faq] of faqs.entries())
    for (let k = 0; k < 1 + ((i * 5) % 7); k += 1)
      await trx.raw('SELECT rate_faq(?, ?, ?)', [
        faq,
        people[(i + k) % PEOPLE.length] ?? 0,
        (i + k) % 4 !== 3,
      ]);
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

/** Adds rows with their own ids. Each statement names the columns of its rows; the others have their defaults. */
async function insert(trx: Knex, table: string, all: Row[]): Promise<void> {
  const groups = Map.groupBy(all, (row) =>
    Object.keys(row)
      .filter((key) => row[key] !== undefined)
      .sort()
      .join(),
  );
  for (const [columns, rows] of groups)
    for (let from = 0; from < rows.length; from += BATCH)
      await trx.raw(
        `INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE
         SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, ?::jsonb)`,
        [JSON.stringify(rows.slice(from, from + BATCH))],
      );
}
