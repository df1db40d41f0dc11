/** Made from the contracts of the API by `npm run write`. Do not edit. */

export type Access = {
  id: number;
  at: string;
  /** Such as `conversation.read`. */
  action: string;
  target_type: string;
  target_id: number | null;
  person: {
    id: number;
    name: string;
    role: string;
  } | null;
};

export type Agent = {
  id: number;
  name: string;
  role: 'guest' | 'user' | 'agent' | 'admin';
  online: boolean;
};

export type AgentFrame = {
  type: 'agent';
  content: string;
  conversation_id: number;
  message_id: number;
  agent: {
    id: number;
    name: string;
  };
  timestamp: string;
};

export type AnalyticsBucket = {
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

export type AnalyticsLive = {
  runs_in_progress: number;
  /** Runs that wait for a worker, or for another run of their conversation. */
  waiting: number;
  /** Runs that ended in the last minute. */
  answers_per_minute: number;
  /** Of the last five minutes. */
  first_token_ms_p50: number | null;
  /** null while Redis is away. */
  agents_online: number | null;
  conversations_waiting: number;
};

export type AnalyticsQuality = {
  from_knowledge: number;
  unanswered: number;
  rated_up: number;
  rated_down: number;
  /** `confirmed` and `assumed` together. */
  resolved_by_bot: number;
  /** Their last answer was rated up. */
  confirmed: number;
  /** Quiet for `RESOLVED_AFTER_H`. */
  assumed: number;
  resolved_by_agent: number;
  reopened: number;
  /** Not quiet for long enough. */
  pending: number;
  /** Conversations with an answer: what the rates are of. */
  involved: number;
  /** Conversations that began: what `coverage` is of. */
  began: number;
  resolution_rate: number | null;
  handoff_rate: number | null;
  coverage: number | null;
  cost_per_resolution: number | null;
  csat: {
    ratings: number;
    average: number | null;
  };
};

export type AnalyticsTotals = {
  users_active: number;
  users_new: number;
  conversations: number;
  messages_in: number;
  answers: number;
  answers_by_status: {
    completed: number;
    incomplete: number;
    failed: number;
    cancelled: number;
  };
  handoffs: number;
  tokens: {
    prompt: number;
    completion: number;
    total: number;
  };
  /** null without `MODEL_PRICES`. */
  cost: {
    amount: number;
    currency: string;
    /** Tokens of models without a price; no part of the amount. */
    unpriced_tokens: number;
  } | null;
};

export type Assistant = {
  id: number;
  is_default: boolean;
  version: number;
  name: string;
  /** Stand before the rules of the engine. `{{today}}` and `{{user_name}}` are filled in. */
  instructions: string;
  /** By language tags such as `de` or `zh-Hant`. */
  instructions_by_language: Record<string, string>;
  /** A configured chat model; null: CHAT_MODEL. */
  model: string | null;
  temperature: number | null;
  max_completion_tokens: number | null;
  history_limit: number | null;
  knowledge: {
    enabled?: boolean;
    category_ids?: number[] | null;
  };
  /** By language tags such as `de` or `zh-Hant`. */
  greeting: Record<string, string>;
  /** By language tags such as `de` or `zh-Hant`. */
  suggested_questions: Record<string, string[]>;
  handoff: {
    enabled?: boolean;
    after_unanswered?: number | null;
  };
  is_archived: boolean;
  created_at: string;
  updated_at: string;
};

export type AssistantVersion = {
  id: number;
  version: number;
  name: string;
  /** Stand before the rules of the engine. `{{today}}` and `{{user_name}}` are filled in. */
  instructions: string;
  /** By language tags such as `de` or `zh-Hant`. */
  instructions_by_language: Record<string, string>;
  /** A configured chat model; null: CHAT_MODEL. */
  model: string | null;
  temperature: number | null;
  max_completion_tokens: number | null;
  history_limit: number | null;
  knowledge: {
    enabled?: boolean;
    category_ids?: number[] | null;
  };
  /** By language tags such as `de` or `zh-Hant`. */
  greeting: Record<string, string>;
  /** By language tags such as `de` or `zh-Hant`. */
  suggested_questions: Record<string, string[]>;
  handoff: {
    enabled?: boolean;
    after_unanswered?: number | null;
  };
  created_at: string;
};

export type AuditEntry = {
  id: number;
  at: string;
  /** null: nobody was signed in, or an operator acted at the console. */
  actor_id: number | null;
  actor_role: 'guest' | 'user' | 'agent' | 'admin' | null;
  action: string;
  target_type: string;
  target_id: number | null;
  /** The user whose data it concerns. */
  subject_id: number | null;
  ip: string | null;
  request_id: string | null;
  /** Ids, names of fields, counts; no content. */
  details: Record<string, unknown>;
  /** The place of the entry in the chain; null for about a second. */
  chain_seq: number | null;
  /** The hash of this entry and the one before it, in hex. */
  hash: string | null;
};

export type AuditVerified = {
  sound: boolean;
  /** How many entries the chain has; null where it is broken. */
  entries: number | null;
  /** Entries that are not chained yet. */
  unchained: number | null;
  /** The hash of the last entry. Note it elsewhere. */
  head: string | null;
  fault: 'edited' | 'removed' | 'cut_off' | 'other_head' | 'unknown_head' | 'forged_anchor' | null;
  /** The first broken place. */
  chain_seq: number | null;
  /** With `removed`: the entry that lost a part which no erasure removed; null: the entry is gone. */
  entry_id: number | null;
};

export type Consent = {
  id: number;
  kind: 'gdpr' | 'data_processing' | 'marketing';
  /** false: withdrawn. */
  given: boolean;
  /** Of the texts then in force; null: from before versions were kept. */
  version: string | null;
  /** By which program it was said, such as `Firefox on Linux`; null: not known. */
  client: string | null;
  at: string;
};

export type ConsentTexts = {
  version: string;
  language: string;
  texts: {
    gdpr: string;
    data_processing: string;
    marketing: string;
  };
};

export type Conversation = {
  id: number;
  user_id: number;
  /** What answers here; null: the default. */
  assistant_id: number | null;
  title: string | null;
  language: string;
  context: Record<string, unknown>;
  tags: string[];
  message_count: number;
  duration_seconds: number;
  total_tokens: number;
  is_active: boolean;
  is_archived: boolean;
  /** Who speaks: the bot, nobody yet (a person is asked for), or a person. A message reopens a resolved one. */
  status: 'bot' | 'waiting' | 'agent' | 'resolved';
  /** Who has the conversation, or resolved it. */
  agent: {
    id: number;
    name: string;
  } | null;
  handoff_reason: string | null;
  /** How it was resolved. */
  outcome: string | null;
  /** While it waits outside the office hours: when somebody will be there. null: no hours, or now. */
  available_at: string | null;
  created_at: string;
  updated_at: string;
  last_message_at: string;
};

export type ConversationFrame = {
  type: 'conversation';
  conversation_id: number;
  status: 'bot' | 'waiting' | 'agent' | 'resolved';
  agent: {
    id: number;
    name: string;
  } | null;
  available_at: string | null;
};

export type ConversationMessage = {
  conversation_id: number;
  message: Message;
};

export type ConversationUpdated = {
  conversation: Conversation;
};

export type Costs = {
  from: string;
  to: string;
  timezone: string;
  /** null without `MODEL_PRICES`; amounts are null then. */
  currency: string | null;
  total: {
    answers: number;
    tokens: number;
    amount: number | null;
    unpriced_tokens: number | null;
  };
  days: Array<{
    start: string;
    answers: number;
    tokens: number;
    amount: number | null;
  }>;
  models: Array<{
    model: string;
    answers: number;
    tokens: number;
    amount: number | null;
  }>;
  assistants: Array<{
    assistant_id: number | null;
    answers: number;
    tokens: number;
    amount: number | null;
  }>;
  users: Array<{
    /** null: all of them together, where they are fewer than five. */
    user_id: number | null;
    answers: number;
    tokens: number;
    amount: number | null;
  }>;
};

export type Dashboard = {
  from: string;
  to: string;
  timezone: string;
  updated_at: string;
  totals: AnalyticsTotals;
  quality: AnalyticsQuality;
  speed: {
    first_token_ms: {
      p50: number | null;
      p95: number | null;
      p99: number | null;
    };
    answer_ms: {
      p50: number | null;
      p95: number | null;
      p99: number | null;
    };
    waited_ms: {
      p50: number | null;
      p95: number | null;
      p99: number | null;
    };
  };
  previous: {
    totals: AnalyticsTotals;
    quality: AnalyticsQuality;
  };
  top: {
    faqs: Array<{
      faq_id: number;
      question: string;
      uses: number;
    }>;
    languages: Array<{
      language: string;
      messages: number;
    }>;
    models: Array<{
      model: string;
      answers: number;
      tokens: number;
    }>;
  };
};

export type DeltaFrame = {
  type: 'delta';
  delta: string;
  /** true: drop the text shown so far */
  restart?: boolean;
  run_id: number;
  conversation_id: number;
  message_id: number;
  attempt: number;
  seq: number;
};

export type EarlierConversation = {
  id: number;
  title: string | null;
  status: 'bot' | 'waiting' | 'agent' | 'resolved';
  last_message_at: string;
  /** How the user rated it, 1 … 5. */
  score: number | null;
};

export type Erasure = {
  receipt: string;
  status: 'erasing' | 'erased';
  requested_at: string;
  completed_at: string | null;
  /** Removed rows by table, so far. */
  erased: Record<string, number>;
  kept: Array<{
    what: string;
    why: string;
  }>;
  /** Base64 of an Ed25519 signature, null while erasing. `npm run erasures -- verify` checks it. */
  signature: string | null;
  /** PEM of the key that signed. */
  public_key: string | null;
};

export type ErasureBegun = {
  /** Whoever knows it may read how the erasure goes, without signing in. */
  receipt: string;
};

export type ErrorFrame = {
  type: 'error';
  code: string;
  message: string;
  run_id?: number;
  conversation_id?: number;
  message_id?: number;
  attempt?: number;
  seq?: number;
  content?: string;
  status?: number;
  errors?: Array<Record<string, unknown>>;
  retry_after_s?: number;
};

export type Experiment = {
  id: number;
  assistant_id: number;
  /** The versions a and b. */
  versions: number[];
  /** Of the conversations that begin, the part that the second version answers. */
  share: number;
  /** No conversation joins after it. null: until it is ended. */
  until: string | null;
  /** `closed`: `until` is over; conversations keep their version until somebody ends it. */
  status: 'open' | 'closed' | 'ended';
  /** The version that was picked at the end. */
  kept: number | null;
  created_at: string;
  ended_at: string | null;
};

export type ExperimentResult = {
  id: number;
  assistant_id: number;
  /** The versions a and b. */
  versions: number[];
  /** Of the conversations that begin, the part that the second version answers. */
  share: number;
  /** No conversation joins after it. null: until it is ended. */
  until: string | null;
  /** `closed`: `until` is over; conversations keep their version until somebody ends it. */
  status: 'open' | 'closed' | 'ended';
  /** The version that was picked at the end. */
  kept: number | null;
  created_at: string;
  ended_at: string | null;
  /** Of version a and version b. */
  arms: Array<{
    version: number;
    conversations: number;
    /** Conversations with an answer: what the first two rates are of. */
    involved: number;
    pending: number;
    answers: number;
    tokens: number;
    from_knowledge: number;
    unanswered: number;
    rated_up: number;
    rated_down: number;
    resolved_by_bot: number;
    resolved_by_agent: number;
    reopened: number;
    resolution_rate: {
      count: number;
      of: number;
      /** null: of nothing. */
      rate: number | null;
      /** The interval of 95 % (Wilson). */
      low: number | null;
      high: number | null;
    };
    handoff_rate: {
      count: number;
      of: number;
      /** null: of nothing. */
      rate: number | null;
      /** The interval of 95 % (Wilson). */
      low: number | null;
      high: number | null;
    };
    /** Completed answers that cite a passage. */
    knowledge_rate: {
      count: number;
      of: number;
      /** null: of nothing. */
      rate: number | null;
      /** The interval of 95 % (Wilson). */
      low: number | null;
      high: number | null;
    };
    /** Of the rated replies. */
    rated_up_rate: {
      count: number;
      of: number;
      /** null: of nothing. */
      rate: number | null;
      /** The interval of 95 % (Wilson). */
      low: number | null;
      high: number | null;
    };
    csat: {
      ratings: number;
      average: number | null;
    };
  }>;
  comparison: Array<{
    figure: 'resolution_rate' | 'handoff_rate' | 'knowledge_rate' | 'rated_up_rate';
    /** Of version b minus version a. */
    difference: number | null;
    /** The interval of 95 % (Newcombe). */
    low: number | null;
    high: number | null;
    /** `a`, `b`: that version is better. `too_little`: fewer than 30 cases, or an interval too wide to tell. */
    verdict: 'too_little' | 'no_difference' | 'a' | 'b';
  }>;
  /** That of `resolution_rate`. */
  verdict: 'too_little' | 'no_difference' | 'a' | 'b';
};

export type Export = {
  id: number;
  status: 'queued' | 'running' | 'ready' | 'failed';
  /** From 0 to 1. */
  progress: number;
  /** Seven days after it is ready; then it is not found. */
  expires_at: string | null;
  /** Of the archive, for its owner with a token; null until it is ready. */
  url: string | null;
};

export type ExportAsked = {
  id: number;
  status: 'queued' | 'running' | 'ready' | 'failed';
};

export type Faq = {
  id: number;
  category_id: number | null;
  question: string;
  answer: string;
  keywords: string[];
  language: string;
  status: 'draft' | 'published' | 'archived';
  priority: number;
  slug: string;
  view_count: number;
  helpful_count: number;
  not_helpful_count: number;
  meta_title: string | null;
  meta_description: string | null;
  created_at: string;
  updated_at: string;
  published_at: string | null;
  /** The FAQ that this one translates. */
  translation_of: number | null;
};

export type FaqCategory = {
  id: number;
  name: string;
  slug: string;
  description: string | null;
  created_at: string;
  updated_at: string;
};

export type FaqImport = {
  import_id: number;
  status: 'in_progress' | 'completed' | 'failed';
  total: number;
  processed: number;
  imported: number;
  failed: number;
};

export type Feedback = {
  message_id: number;
  rating: 'up' | 'down';
  comment: string | null;
  created_at: string;
  updated_at: string;
};

export type InboxConversation = {
  conversation: Conversation;
  user: {
    id: number;
    /** '' for guests */
    name: string;
    language: string;
  };
  /** The newest 100, oldest first. */
  messages: Message[];
  /** The newest 100, oldest first. */
  notes: Note[];
  summary: string | null;
  /** Since when the user waits for a person’s word; null: the user does not. */
  waiting_since: string | null;
  /** Before this answer. */
  unread: number;
  /** What the shown answers of the assistant cite, by run. */
  cited: Array<{
    run_id: number;
    sources: Source[];
  }>;
};

export type InboxItem = {
  conversation: Conversation;
  user: {
    id: number;
    /** '' for guests */
    name: string;
    language: string;
  };
  last_message: Message | null;
  /** Since when the user waits for a person’s word; null: the user does not. */
  waiting_since: string | null;
  /** The user’s messages that no agent was shown; 100 at most. */
  unread: number;
};

export type InboxPerson = {
  id: number;
  /** '' for guests */
  name: string;
  role: 'guest' | 'user' | 'agent' | 'admin';
  language: string;
  timezone: string;
  created_at: string;
  data_processing_consent: boolean;
  marketing_consent: boolean;
  /** 1,000 at most. */
  conversations_count: number;
};

export type InboxUpdated = {
  conversation_id: number;
  status: 'bot' | 'waiting' | 'agent' | 'resolved';
  assignee_id: number | null;
};

export type KnowledgeFigures = {
  from: string;
  to: string;
  timezone: string;
  /** Most used first. */
  faqs: Array<{
    faq_id: number;
    question: string;
    /** Answers of the window that cite it. */
    uses: number;
    /** Ratings that such answers got in the window. */
    rated_up: number;
    rated_down: number;
    /** Verdicts on the FAQ itself, at any time. */
    helpful: number;
    not_helpful: number;
  }>;
  /** Published ones that no answer of the window cites. */
  unused: Array<{
    faq_id: number;
    question: string;
  }>;
  /** Groups of questions without an answer, largest first. Their texts are at `/faqs/suggestions`. */
  gaps: Array<{
    suggestion_id: number;
    status: 'open' | 'drafted' | 'dismissed';
    language: string;
    asked: number;
    /** In the window before. */
    asked_before: number;
  }>;
};

export type Message = {
  id: number;
  conversation_id: number;
  user_id: number;
  content: string;
  message_type: 'user' | 'assistant' | 'system' | 'agent';
  status: 'pending' | 'streaming' | 'sent' | 'delivered' | 'read' | 'failed' | 'cancelled';
  run_id: number | null;
  tokens_used: number | null;
  model_used: string | null;
  response_time_ms: number | null;
  metadata: Record<string, unknown>;
  created_at: string;
  delivered_at: string | null;
  read_at: string | null;
  /** The reply that this message replaces. */
  replaces_id: number | null;
  /** The newest reply to the same question, unless it is this message. */
  replaced_by: number | null;
  feedback: 'up' | 'down' | null;
  /** The person who wrote it. */
  agent: {
    id: number;
    name: string;
  } | null;
};

export type NewWebhook = {
  id: number;
  /** http or https, without a user or a password. Private, loopback and link-local addresses are refused, now and whenever a request is made. */
  url: string;
  events: Array<'run.completed' | 'run.failed' | 'run.cancelled' | 'message.created' | 'conversation.handoff' | 'conversation.resolved' | 'feedback.created' | 'faq.published' | 'user.created' | 'user.erased'>;
  description: string;
  enabled: boolean;
  /** Whether `data` holds texts beside ids. Needs an https URL. */
  include_content: boolean;
  /** gone: it answered 410. dead: every request failed for three days. null: not switched off by itself. */
  disabled_reason: 'gone' | 'dead' | null;
  disabled_at: string | null;
  /** The first failure since the last success. */
  failing_since: string | null;
  created_at: string;
  updated_at: string;
  /** For checking signatures. Shown this once. */
  secret: string;
};

export type Note = {
  id: number;
  conversation_id: number;
  agent: {
    id: number;
    name: string;
  } | null;
  content: string;
  created_at: string;
};

export type Notification = {
  id: number;
  kind: 'password_reset' | 'email_verification' | 'new_sign_in' | 'password_changed' | 'second_factor_off' | 'recovery_code_used' | 'answer_ready' | 'agent_replied' | 'handoff_waiting' | 'knowledge_answered' | 'export_ready' | 'account_erased' | 'budget_warning' | 'user_budget_warning' | 'webhook_disabled';
  conversation_id: number | null;
  message_id: number | null;
  /** Of `knowledge_answered`. */
  faq_id: number | null;
  /** The sign-in that is new, or that acted on the account. */
  session_id: number | null;
  /** Of `export_ready`. */
  export_id: number | null;
  /** Of `webhook_disabled`. */
  webhook_id: number | null;
  created_at: string;
  read_at: string | null;
};

export type NotificationEvent = {
  id: number;
  kind: 'password_reset' | 'email_verification' | 'new_sign_in' | 'password_changed' | 'second_factor_off' | 'recovery_code_used' | 'answer_ready' | 'agent_replied' | 'handoff_waiting' | 'knowledge_answered' | 'export_ready' | 'account_erased' | 'budget_warning' | 'user_budget_warning' | 'webhook_disabled';
  conversation_id: number | null;
  message_id: number | null;
  /** Of `knowledge_answered`. */
  faq_id: number | null;
  /** The sign-in that is new, or that acted on the account. */
  session_id: number | null;
  /** Of `export_ready`. */
  export_id: number | null;
  /** Of `webhook_disabled`. */
  webhook_id: number | null;
  created_at: string;
  read_at: string | null;
  /** How many you have not read; at most 1,000. */
  unread: number;
};

export type NotificationSettings = {
  password_reset: {
    email: boolean;
    push: boolean;
  };
  email_verification: {
    email: boolean;
    push: boolean;
  };
  new_sign_in: {
    email: boolean;
    push: boolean;
  };
  password_changed: {
    email: boolean;
    push: boolean;
  };
  second_factor_off: {
    email: boolean;
    push: boolean;
  };
  recovery_code_used: {
    email: boolean;
    push: boolean;
  };
  answer_ready: {
    email: boolean;
    push: boolean;
  };
  agent_replied: {
    email: boolean;
    push: boolean;
  };
  handoff_waiting: {
    email: boolean;
    push: boolean;
  };
  knowledge_answered: {
    email: boolean;
    push: boolean;
  };
  export_ready: {
    email: boolean;
    push: boolean;
  };
  account_erased: {
    email: boolean;
    push: boolean;
  };
  budget_warning: {
    email: boolean;
    push: boolean;
  };
  user_budget_warning: {
    email: boolean;
    push: boolean;
  };
  webhook_disabled: {
    email: boolean;
    push: boolean;
  };
  /** Pushes, and mails that may be refused, wait for the end of these hours in your timezone. null: none. */
  quiet_hours: {
    from: string;
    to: string;
  } | null;
};

export type OfferedAssistant = {
  id: number;
  name: string;
  is_default: boolean;
  greeting: string | null;
  suggested_questions: string[];
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: 'validation_failed' | 'malformed_json' | 'bad_request' | 'unauthenticated' | 'token_expired' | 'second_factor_required' | 'forbidden' | 'consent_required' | 'not_found' | 'request_timeout' | 'method_not_allowed' | 'run_in_progress' | 'already_exists' | 'conflict' | 'gone' | 'body_too_large' | 'unsupported_media' | 'unsupported_encoding' | 'idempotency_key_reused' | 'rate_limited' | 'quota_exceeded' | 'too_many_waiting_runs' | 'internal_error' | 'not_configured' | 'service_unavailable';
  instance: string;
  errors?: Array<{
    path: string;
    message: string;
  }>;
  /** As `Retry-After`. */
  retry_after_s?: number;
  /** Of `second_factor_required`: for `POST /auth/second-factor`, good for five minutes. */
  second_factor_token?: string;
  /** Of `consent_required`: what is missing, and the version of its text (`GET /consents`). */
  consent?: {
    kind: 'data_processing';
    version: string;
  };
};

export type RefreshedFrame = {
  type: 'refreshed';
  expires_at: string;
};

export type Replay = {
  id: number;
  run_id: number;
  assistant_version: number | null;
  model: string | null;
  status: 'queued' | 'completed' | 'failed';
  /** The answer, which nobody was shown. */
  content: string | null;
  sources: Source[];
  finish_reason: string | null;
  usage: Usage | null;
  error_code: string | null;
  created_at: string;
  completed_at: string | null;
};

export type Response = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  /** The reply's. */
  message_id: number;
  type: 'response';
  content: string;
  timestamp: string;
  /** The passages that the answer cites. */
  sources: Source[];
  /** All passages that the model was given. */
  offered: Source[];
  usage: Usage | null;
  finish_reason: string | null;
};

export type ResponseDelta = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  /** The reply's. */
  message_id: number;
  delta: string;
};

export type ResponseFrame = {
  type: 'response';
  content: string;
  timestamp: string;
  run_id: number;
  conversation_id: number;
  message_id: number;
  attempt: number;
  seq: number;
  sources: Source[];
  offered: Source[];
  usage: Usage | null;
  finish_reason: string | null;
};

export type ResponseRestart = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  /** The reply's. */
  message_id: number;
};

export type Run = {
  id: number;
  status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  /** The latest attempt; 0 before the first. */
  attempt: number;
  conversation_id: number;
  message_id: number;
  reply_id: number;
  model: string | null;
  /** The version that answers; null: the rules of the engine alone. */
  assistant: {
    id: number;
    version: number;
  } | null;
  usage: Usage | null;
  error: RunError | null;
  /** The passages that the answer cites. */
  sources: Source[];
  /** All passages that the model was given. */
  offered: Source[];
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
};

export type RunCancelled = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  /** The reply's. */
  message_id: number;
  content: string;
};

export type RunError = {
  code: string;
  message: string;
};

export type RunExplanation = {
  id: number;
  user_id: number;
  conversation_id: number;
  message_id: number;
  reply_id: number;
  request_id: string | null;
  status: 'waiting' | 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  language: string;
  attempt: number;
  retries: number;
  crashes: number;
  generation: number;
  last_seq: number;
  model: string | null;
  assistant: {
    id: number;
    version: number;
  } | null;
  parameters: Record<string, unknown> | null;
  moderation: {
    flagged: boolean;
    categories: string[];
    model: string;
  } | null;
  context: {
    message_ids: number[];
    passages: Array<{
      faq_id: number;
      similarity: number;
    }>;
    question_cut: boolean;
    budget: number;
    tokens: {
      system: number;
      passages: number;
      history: number;
      question: number;
    };
    cut: {
      messages: number;
      passages: number;
    };
    shrunk: boolean;
    passages_unavailable: boolean;
  } | null;
  usage: Usage | null;
  finish_reason: string | null;
  error: RunError | null;
  timings: {
    created_at: string;
    queued_at: string | null;
    not_before: string | null;
    started_at: string | null;
    first_token_ms: number | null;
    cancel_requested_at: string | null;
    lease_until: string | null;
    completed_at: string | null;
    announced_at: string | null;
  };
};

export type RunFailed = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  /** The reply's. */
  message_id: number;
  error: RunError;
  content: string;
};

export type RunStatus = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  status: 'in_progress';
  /** The question's. */
  message_id: number;
  reply_id: number;
};

export type SecondFactor = {
  /** Base32, to type into an authenticator. */
  secret: string;
  /** `otpauth://…`, to show as a QR code. */
  uri: string;
  /** Each signs in once in place of a code. */
  recovery_codes: string[];
};

export type Session = {
  /** The `sid` of its access tokens. */
  id: number;
  /** The family of its program, such as `Firefox on Linux`. */
  user_agent: string | null;
  /** The address it began from. */
  ip: string | null;
  created_at: string;
  /** When it began or was last refreshed. */
  last_used_at: string;
  /** When it ends unless it is refreshed. No refresh after 90 days. */
  expires_at: string;
  /** Whether this request uses it. */
  current: boolean;
};

export type SignIn = {
  user: User;
  /** A JWT. Send it as `Authorization: Bearer …`. */
  access_token: string;
  /** Good for one refresh. Absent when a cookie holds it; a frame’s cookie does once it was sent back. */
  refresh_token?: string;
  token_type: 'Bearer';
  /** Seconds until the access token expires. */
  expires_in: number;
};

export type Source = {
  faq_id: number;
  question: string;
  similarity: number;
};

export type System = {
  version: string;
  node: string;
  /** null while Redis is away. */
  processes: Array<{
    id: string;
    types: string[];
    host: string;
    pid: number;
    version: string;
    started_at: string;
    /** Every five seconds. A killed process is listed for ten minutes. */
    seen_at: string;
  }> | null;
  /** null while Redis is away. */
  queues: Array<{
    name: string;
    waiting: number;
    active: number;
    delayed: number;
    failed: number;
    /** For how long the oldest of the next jobs has waited. */
    oldest_s: number;
  }> | null;
  owed: {
    waiting: number;
    queued: number;
    in_progress: number;
    /** For how long the oldest unfinished run has existed. */
    oldest_s: number;
    unannounced: number;
    faqs: number;
    faqs_to_embed: number;
  };
  migrations: {
    done: number;
    newest: string | null;
    pending: number;
  };
  models: Array<{
    role: 'chat' | 'fallback' | 'query' | 'embedding' | 'moderation';
    name: string | null;
    provider: string | null;
    kind: string | null;
    /** As in /health; null for a fallback, which nobody asks meanwhile. */
    check: string | null;
  }>;
  /** `healthy`, `off`, or `unhealthy: ` with a reason. */
  mail: string;
  /** Whether web push is configured. */
  push: boolean;
  /** Whether Bull Board may change queues. */
  board_writable: boolean;
  storage: {
    /** Of the whole database. */
    bytes: number;
    /** The twelve largest, with their indexes; rows are an estimate. */
    tables: Array<{
      name: string;
      rows: number;
      bytes: number;
    }>;
  };
  /** Variables that this replica of `web` has read. */
  settings: Array<{
    name: string;
    /** null: set, and not shown because it may be a secret. */
    value: string | null;
    source: 'environment' | 'default';
  }>;
};

export type Taken = {
  conversation_id: number;
  message_id: number;
  reply_id: number | null;
  /** null, as the reply: the message stands before a person. */
  run_id: number | null;
  status: 'queued' | 'joined' | 'with_agent';
};

export type TriedAssistant = {
  prompt: Array<{
    role: 'system' | 'user' | 'assistant';
    content: string;
  }>;
  passages: Array<{
    faq_id: number;
    question: string;
    answer: string;
    similarity: number;
  }>;
  /** Of the prompt. */
  tokens: number;
  tokens_by_part: {
    system: number;
    passages: number;
    history: number;
    question: number;
  };
  answer: string | null;
};

export type Typing = {
  conversation_id: number;
  by: 'agent' | 'user';
};

export type TypingFrame = {
  type: 'typing';
  conversation_id: number;
  by: 'agent' | 'user';
};

export type Usage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
};

export type User = {
  id: number;
  /** null for guests. Of a vouched account: what its site said, unverified. */
  email: string | null;
  /** null for guests and vouched accounts. */
  username: string | null;
  first_name: string | null;
  last_name: string | null;
  role: 'guest' | 'user' | 'agent' | 'admin';
  status: 'active' | 'suspended' | 'deleted';
  avatar_url: string | null;
  language: string;
  timezone: string;
  gdpr_consent: boolean;
  /** Without it messages are refused. */
  data_processing_consent: boolean;
  marketing_consent: boolean;
  created_at: string;
  last_login: string | null;
  /** null: nobody has shown that this address is theirs. */
  email_verified_at: string | null;
  /** Of a vouched account: its id on its site. */
  external_id: string | null;
  /** Whether signing in needs a code besides the password. */
  second_factor: boolean;
};

export type UserFigures = {
  user_id: number;
  from: string;
  to: string;
  timezone: string;
  totals: {
    conversations: number;
    messages_in: number;
    answers: number;
    tokens: number;
    rated_up: number;
    rated_down: number;
  };
  first_seen: string;
  last_seen: string;
};

export type Viewing = {
  conversation_id: number;
  agent: {
    id: number;
    name: string;
  };
};

export type Webhook = {
  id: number;
  /** http or https, without a user or a password. Private, loopback and link-local addresses are refused, now and whenever a request is made. */
  url: string;
  events: Array<'run.completed' | 'run.failed' | 'run.cancelled' | 'message.created' | 'conversation.handoff' | 'conversation.resolved' | 'feedback.created' | 'faq.published' | 'user.created' | 'user.erased'>;
  description: string;
  enabled: boolean;
  /** Whether `data` holds texts beside ids. Needs an https URL. */
  include_content: boolean;
  /** gone: it answered 410. dead: every request failed for three days. null: not switched off by itself. */
  disabled_reason: 'gone' | 'dead' | null;
  disabled_at: string | null;
  /** The first failure since the last success. */
  failing_since: string | null;
  created_at: string;
  updated_at: string;
};

export type WebhookDelivery = {
  id: number;
  webhook_id: number;
  /** The header `webhook-id` of every try. */
  message_id: string;
  type: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  duration_ms: number | null;
  response_status: number | null;
  /** The first 1,024 bytes of the newest answer. */
  response: string | null;
  /** Why there was no answer: `timeout`, `unreachable`, `address_refused`, `secret_unreadable`, `switched_off`. */
  error: string | null;
  next_attempt_at: string | null;
  created_at: string;
  last_attempt_at: string | null;
  completed_at: string | null;
};

export type WebhookSecret = {
  id: number;
  /** For checking signatures. Shown this once. */
  secret: string;
  /** Until then the previous secret signs too. */
  previous_expires_at: string;
};

export type WidgetOffer = {
  assistant_id: number | null;
  greeting: string | null;
  suggested_questions: string[];
  /** Outside the office hours: when people answer again. null: no hours, or now. */
  opens_at: string | null;
};

/** The events that the server pushes, by name. */
export type ServerEvents = {
  'run.status': RunStatus;
  'response.delta': ResponseDelta;
  'response.restart': ResponseRestart;
  'response': Response;
  'run.failed': RunFailed;
  'run.cancelled': RunCancelled;
  'faq.import': FaqImport;
  'notification': NotificationEvent;
  'message': ConversationMessage;
  'conversation.updated': ConversationUpdated;
  'typing': Typing;
  'viewing': Viewing;
  'inbox.updated': InboxUpdated;
  'analytics.live': AnalyticsLive;
  'token_expired': Problem;
};
