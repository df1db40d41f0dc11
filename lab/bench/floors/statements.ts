import { acceptMessage, claimRun, finishRun } from '../../../db/models/run.ts';
import { markAnnounced } from '../../../db/models/owed.ts';
import { searchFaqs } from '../../../db/models/faqSearch.ts';
import {
  type ContextRecord,
  loadAsked,
  loadTurn,
  saveContext,
  saveVerdict,
} from '../../../db/models/turn.ts';
import { prepared, way } from '../../../db/sql.ts';

type Values = Record<string, unknown>;
/** A statement of Parley as pg takes it, with the values of one message in place of the example's. */
export type Statement = (values: Values) => { name: string; text: string; values: unknown[] };

const context: ContextRecord = {
  message_ids: [],
  passages: [],
  searched: null,
  nearest: [],
  key: '000000000000',
  question_cut_to: null,
  budget: 6_000,
  tokens: { system: 400, passages: 100, history: 0, question: 20 },
  cut: { messages: 0, passages: 0 },
  shrunk: false,
  passages_unavailable: false,
};
const question = {
  user_id: 0,
  conversation_id: null,
  content: '',
  language: null,
  metadata: {},
  multitask_strategy: 'enqueue' as const,
  idempotency_key: null,
  request_hash: 'bench',
  request_id: null,
  session_id: 0,
};
const answer = {
  status: 'completed' as const,
  content: '',
  finish_reason: 'stop',
  model: 'bench',
  parameters: { temperature: 0.7 },
  usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 },
  sources: [],
  title: 'bench',
  first_token_ms: 20,
};
const asked = { text: '', vectors: [], language: 'en', limit: 5, similarity: 0.5, coverage: 0.5 };
const turn = { run_id: 0, parts: null };

/** The statements that a message of Parley makes, in their order. */
const examples = {
  accept: () => acceptMessage(question, 1_000_000),
  loadTurn: () => loadTurn(0),
  saveVerdict: () => saveVerdict(turn, { flagged: false, categories: [], model: 'bench' }),
  loadAsked: () => loadAsked(0, 10),
  search: () => searchFaqs(asked),
  saveContext: () => saveContext(turn, context, 20),
  claim: () => claimRun(0, { leaseMs: 8_000, crashLimit: 3, generation: 1 }),
  finish: () => finishRun(0, 1, 5, answer),
  mark: () => markAnnounced([]),
};

/** Returns each statement's text and example, from the models that send them: a floor makes the same ones. */
export async function statements(): Promise<{ [Name in keyof typeof examples]: Statement }> {
  const made: Record<string, Statement> = {};
  const { run } = way;
  for (const [name, example] of Object.entries(examples)) {
    way.run = async (sql, bindings) => {
      const { parameters, ...statement } = prepared(sql);
      made[name] = (values) => ({
        ...statement,
        values: parameters.map((parameter) => values[parameter] ?? bindings[parameter]),
      });
      return [{}];
    };
    await example();
  }
  way.run = run;
  return made as { [Name in keyof typeof examples]: Statement };
}
