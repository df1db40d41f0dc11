import type { Conversation, Message, Source, User } from '../sdk/types.ts';

/** What the API answers to agents and administrators, as far as the panel reads it. test/web/types.test.ts compares it with the contracts. */
export type Status = 'bot' | 'waiting' | 'agent' | 'resolved';
export type Person = { id: number; name: string };

export type InboxConversationHead = Conversation & {
  status: Status;
  agent: Person | null;
  language: string;
  handoff_reason: string | null;
  outcome: string | null;
};
export type InboxMessage = Message & { agent: Person | null };
export type InboxItem = {
  conversation: InboxConversationHead;
  user: { id: number; name: string; language: string };
  last_message: InboxMessage | null;
  waiting_since: string | null;
  unread: number;
};
export type Note = { id: number; agent: Person | null; content: string; created_at: string };
export type InboxConversation = {
  conversation: InboxConversationHead;
  user: { id: number; name: string; language: string };
  messages: InboxMessage[];
  notes: Note[];
  summary: string | null;
  waiting_since: string | null;
  cited: { run_id: number; sources: Source[] }[];
};
export type Agent = Person & { role: string; online: boolean };
export type InboxPerson = {
  person: {
    id: number;
    name: string;
    role: string;
    language: string;
    timezone: string;
    created_at: string;
    data_processing_consent: boolean;
    marketing_consent: boolean;
    conversations_count: number;
  };
  conversations: {
    id: number;
    title: string | null;
    status: Status;
    last_message_at: string;
    score: number | null;
  }[];
};

export type Account = User & {
  status: 'active' | 'suspended' | 'deleted';
  created_at: string;
  last_login: string | null;
  second_factor: boolean;
};

type Percentiles = { p50: number | null; p95: number | null; p99: number | null };
export type Totals = {
  users_active: number;
  users_new: number;
  conversations: number;
  messages_in: number;
  answers: number;
  answers_by_status: { completed: number; incomplete: number; failed: number; cancelled: number };
  handoffs: number;
  tokens: { prompt: number; completion: number; total: number };
  cost: { amount: number; currency: string; unpriced_tokens: number } | null;
};
export type Quality = {
  from_knowledge: number;
  unanswered: number;
  rated_up: number;
  rated_down: number;
  resolved_by_bot: number;
  confirmed: number;
  assumed: number;
  resolved_by_agent: number;
  reopened: number;
  pending: number;
  involved: number;
  began: number;
  resolution_rate: number | null;
  handoff_rate: number | null;
  coverage: number | null;
  cost_per_resolution: number | null;
  csat: { ratings: number; average: number | null };
};
export type Figures = {
  from: string;
  to: string;
  timezone: string;
  updated_at: string;
  totals: Totals;
  quality: Quality;
  speed: { first_token_ms: Percentiles; answer_ms: Percentiles; waited_ms: Percentiles };
  previous: { totals: Totals; quality: Quality };
  top: {
    faqs: { faq_id: number; question: string; uses: number }[];
    languages: { language: string; messages: number }[];
    models: { model: string; answers: number; tokens: number }[];
  };
};
export type Bucket = {
  start: string;
  conversations: number;
  messages_in: number;
  answers: number;
  failed: number;
  handoffs: number;
  rated_up: number;
  rated_down: number;
  tokens: number;
  first_token_ms_p50: number | null;
  answer_ms_p95: number | null;
};
export type Live = {
  runs_in_progress: number;
  waiting: number;
  answers_per_minute: number;
  first_token_ms_p50: number | null;
  agents_online: number | null;
  conversations_waiting: number;
};

export type Webhook = {
  id: number;
  url: string;
  events: string[];
  description: string;
  enabled: boolean;
  include_content: boolean;
  disabled_reason: 'gone' | 'dead' | null;
  failing_since: string | null;
  created_at: string;
};
export type Delivery = {
  id: number;
  message_id: string;
  type: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  duration_ms: number | null;
  response_status: number | null;
  response: string | null;
  error: string | null;
  next_attempt_at: string | null;
  created_at: string;
};

export type AuditEntry = {
  id: number;
  at: string;
  actor_id: number | null;
  actor_role: string | null;
  action: string;
  target_type: string;
  target_id: number | null;
  subject_id: number | null;
  ip: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
  chain_seq: number | null;
  hash: string | null;
};
export type AuditVerified = {
  sound: boolean;
  entries: number | null;
  unchained: number | null;
  head: string | null;
  fault: string | null;
  chain_seq: number | null;
  entry_id: number | null;
};

export type SystemState = {
  version: string;
  node: string;
  processes:
    | {
        id: string;
        types: string[];
        host: string;
        pid: number;
        version: string;
        started_at: string;
        seen_at: string;
      }[]
    | null;
  queues:
    | { name: string; waiting: number; active: number; delayed: number; failed: number; oldest_s: number }[]
    | null;
  owed: Record<'waiting' | 'queued' | 'in_progress' | 'unannounced' | 'faqs' | 'faqs_to_embed', number>;
  migrations: { done: number; newest: string | null; pending: number };
  models: {
    role: 'chat' | 'fallback' | 'query' | 'embedding' | 'moderation';
    name: string | null;
    provider: string | null;
    kind: string | null;
    check: string | null;
  }[];
  mail: string;
  push: boolean;
  board_writable: boolean;
  storage: { bytes: number; tables: { name: string; rows: number; bytes: number }[] };
  settings: { name: string; value: string | null; source: 'environment' | 'default' }[];
};
