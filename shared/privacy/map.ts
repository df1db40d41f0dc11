/**
 * The map of data: every table and column, what it is, why it is kept and for how long, what bounds it, and how it is exported
 * and erased. Erasure and exports read it. `npm run write` makes tables of docs/privacy.md and docs/operations.md from it.
 * test/db/privacy.test.ts fails where a column is missing.
 */
export type TableOfData = {
  /** Why the rows exist. */
  purpose: string;
  /** How long a row is kept where nobody is erased. */
  kept: string;
  /** What keeps the table from growing without end. */
  bound: Bound;
  /**
   * What an erasure does. `account`: rows whose `owner` column is the account go. `cascade`: rows go with the rows that they
   * belong to. `unlinked`: the row stays and no longer names the account. `redacted`: see the audit log. `none`: nothing in it is
   * about a user.
   */
  erased: 'account' | 'cascade' | 'unlinked' | 'redacted' | 'none';
  /** The column with the account's id; of `account` only. */
  owner?: string;
  /**
   * The column with a secret that the application encrypts (shared/base/secretBox.ts): its rows' id, and the column that a
   * label ends with. newest: the row of the greatest id alone is opened.
   */
  sealed?: { column: string; id: string; label: string; prefix: string; newest?: true };
  /** The file of an export; absent: not exported. */
  exported?: string;
  /** Columns by what they are. */
  columns: Partial<Record<ColumnKind, string>>;
};

/**
 * use: the table grows with what people do; housekeeping or a limit bounds it. time: a few rows a day. operators: as large as
 * what administrators and editors made, or what there are models for.
 */
type Bound = { grows: 'use' | 'time' | 'operators'; by: string };

/**
 * identity: says who somebody is. content: what somebody wrote or was told. behaviour: what somebody did, when and from where.
 * link: names a row. secret: never exported, because it proves who somebody is or names an erased account. technical: what the
 * engine needs to go on.
 */
export type ColumnKind = 'identity' | 'content' | 'behaviour' | 'link' | 'secret' | 'technical';

const use = (by: string): Bound => ({ grows: 'use', by });
const time = (by: string): Bound => ({ grows: 'time', by });
const operators = (by: string): Bound => ({ grows: 'operators', by });

const WITH_MESSAGES = 'RETENTION_MESSAGES_DAYS; unset: as many as messages';
const WITH_ACCOUNTS = 'one or a few for each account';
const WITH_ACCOUNT = 'as long as the account';
const WITH_CONVERSATION = 'as long as the conversation';
const FOR_GOOD = 'until somebody deletes it';
const AS_MESSAGES = 'RETENTION_MESSAGES_DAYS; unset: until erasure';
const AS_AUDIT = 'RETENTION_AUDIT_DAYS; unset: for good';

export const personalData: Record<string, TableOfData> = {
  users: {
    purpose: 'accounts',
    kept: 'until erasure; guests RETENTION_GUESTS_DAYS after they were last seen',
    bound: use('erasure; guests: RETENTION_GUESTS_DAYS and GUESTS_MAX'),
    erased: 'cascade',
    exported: 'account.json',
    columns: {
      link: 'id external_id',
      identity: 'email username first_name last_name avatar_url contact_email',
      secret: 'hashed_password pseudonym',
      behaviour:
        'language timezone gdpr_consent data_processing_consent marketing_consent created_at updated_at last_login email_verified_at email_refused_at second_factor',
      technical: 'role status',
    },
  },
  sessions: {
    purpose: 'sign-ins',
    kept: 'RETENTION_SESSIONS_DAYS after their end; the address IP_DAYS, then its network',
    bound: use('RETENTION_SESSIONS_DAYS after their end'),
    erased: 'account',
    owner: 'user_id',
    exported: 'sessions.json',
    columns: {
      link: 'id user_id',
      identity: 'ip user_agent',
      behaviour: 'created_at last_used_at expires_at revoked_at',
    },
  },
  refresh_tokens: {
    purpose: 'renewal of sign-ins',
    kept: 'a day after they expire',
    bound: use('a day after they expire; 100 refreshes of a session in 15 minutes'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id session_id user_id',
      secret: 'token_hash',
      technical: 'created_at expires_at spent_at spent_by granted_iat',
    },
  },
  second_factors: {
    sealed: { column: 'sealed', id: 'user_id', label: 'user_id', prefix: 'second-factor' },
    purpose: 'a code besides the password at sign-in; the secret is sealed, recovery codes are hashed',
    kept: 'until its owner removes it',
    bound: use('one for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'user_id',
      secret: 'sealed recovery_hashes',
      behaviour: 'created_at confirmed_at',
      technical: 'used_steps',
    },
  },
  password_resets: {
    purpose: 'setting a new password',
    kept: 'until they expire',
    bound: use('they expire after an hour'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'id user_id', secret: 'token_hash', technical: 'expires_at used_at' },
  },
  conversations: {
    purpose: 'conversations',
    kept: AS_MESSAGES,
    bound: use(WITH_MESSAGES),
    erased: 'account',
    owner: 'user_id',
    exported: 'conversations.json',
    columns: {
      link: 'id user_id assistant_id agent_id agent_read_id episode_id experiment_id',
      content: 'title context tags handoff_reason outcome',
      behaviour:
        'language message_count total_tokens duration_seconds is_active is_archived created_at updated_at last_message_at deleted_at status status_since waiting_since fate channel experiment_version',
    },
  },
  messages: {
    purpose: 'what users, assistants and people wrote',
    kept: AS_MESSAGES,
    bound: use(WITH_MESSAGES),
    erased: 'account',
    owner: 'user_id',
    exported: 'messages.jsonl',
    columns: {
      link: 'id conversation_id user_id run_id replaces_id alternative_of agent_id',
      content: 'content metadata',
      behaviour: 'message_type status created_at delivered_at read_at shown_after',
      technical: 'in_context tokens_used model_used response_time_ms',
    },
  },
  runs: {
    purpose: 'the work of answering a message',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id user_id conversation_id message_id reply_id assistant_id assistant_version',
      content: 'moderation context sources error_message joined_ids',
      behaviour: 'language created_at started_at completed_at',
      technical:
        'status idempotency_key request_hash request_id attempt lease_until last_seq crashes retries cancel_requested_at generation not_before queued_at announced_at model parameters prompt_tokens completion_tokens total_tokens first_token_ms finish_reason error_code rank traceparent timeouts waiting_since price_in price_out reserved reserved_on',
    },
  },
  message_feedback: {
    purpose: 'ratings of answers',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    exported: 'feedback.json',
    columns: {
      link: 'message_id user_id conversation_id',
      content: 'comment',
      behaviour: 'rating created_at updated_at',
    },
  },
  message_keys: {
    purpose: 'sending a message once',
    kept: 'two days',
    bound: use('two days'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id message_id', technical: 'idempotency_key request_hash created_at' },
  },
  conversation_notes: {
    purpose: 'notes of people about a conversation',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: { link: 'id conversation_id agent_id', content: 'content', behaviour: 'created_at' },
  },
  conversation_news: {
    purpose: 'telling devices of changes',
    kept: 'until they are told',
    bound: use('one for each conversation, until it is told'),
    erased: 'cascade',
    columns: {
      link: 'conversation_id from_message_id',
      technical: 'news_id version state_changed changed_at',
    },
  },
  episodes: {
    purpose: 'figures of conversations',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id conversation_id user_id assistant_id agent_id resolved_by',
      content: 'handoff_reason outcome',
      behaviour:
        'reopened started_at handoff_at handoff_by taken_at first_reply_at returned_at resolved_at closed_at',
    },
  },
  faq_gaps: {
    purpose: 'questions that no FAQ answers',
    kept: 'until they are answered or dismissed',
    bound: use('one for each message; RETENTION_MESSAGES_DAYS'),
    erased: 'cascade',
    columns: { link: 'message_id suggestion_id', content: 'embedding', technical: 'reason created_at gone' },
  },
  faq_suggestions: {
    purpose: 'groups of such questions',
    kept: 'as long as a question of it',
    bound: use('as long as a question of it'),
    erased: 'cascade',
    columns: {
      link: 'id faq_id',
      content: 'embedding',
      technical: 'status language embedding_model created_at updated_at told_at',
    },
  },
  faq_feedback: {
    purpose: 'ratings of FAQs',
    kept: WITH_ACCOUNT,
    bound: use(`${WITH_ACCOUNTS} and FAQ`),
    erased: 'account',
    owner: 'user_id',
    exported: 'feedback.json',
    columns: { link: 'faq_id user_id', behaviour: 'helpful created_at updated_at' },
  },
  faq_imports: {
    purpose: 'imports of FAQs',
    kept: '90 days after their end',
    bound: operators('90 days after their end'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      behaviour: 'created_at updated_at completed_at',
      technical: 'status all_or_nothing total processed imported failed',
    },
  },
  faq_import_rows: {
    purpose: 'rows of an import',
    kept: 'until they are imported',
    bound: operators('until they are imported; 90 days'),
    erased: 'cascade',
    columns: { technical: 'import_id line fields errors' },
  },
  notifications: {
    purpose: 'telling users of answers, people and their account',
    kept: 'see docs/operations.md, What is deleted',
    bound: use('two days where no list shows them, else 90'),
    erased: 'account',
    owner: 'user_id',
    exported: 'notifications.json',
    columns: {
      link: 'id user_id conversation_id message_id mail_id pushed_to',
      content: 'data',
      behaviour: 'kind created_at read_at shown_at',
      technical: 'due_at tries push_at push_due_at push_tries mail_at',
    },
  },
  mails: {
    purpose: 'mails to users',
    kept: 'see docs/operations.md, What is deleted',
    bound: use('30 days; MAILS_PER_HOUR for each address'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      identity: 'address',
      behaviour: 'language created_at sent_at',
      technical: 'message_key error failed_at due_at tries',
    },
  },
  notification_settings: {
    purpose: 'which notifications a user wants',
    kept: WITH_ACCOUNT,
    exported: 'account.json',
    bound: use('one for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', behaviour: 'kinds quiet_hours' },
  },
  push_subscriptions: {
    purpose: 'pushes to browsers',
    kept: 'until the browser ends them',
    exported: 'sessions.json',
    bound: use('the end of the sign-in'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id session_id user_id',
      identity: 'endpoint',
      secret: 'auth p256dh',
      technical: 'created_at',
    },
  },
  email_verifications: {
    purpose: 'proving that an address is the user’s',
    kept: 'until they expire',
    bound: use('a day after they expire'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      identity: 'email',
      secret: 'token_hash',
      technical: 'created_at used_at expires_at',
    },
  },
  conversation_ratings: {
    purpose: 'ratings of conversations',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    exported: 'feedback.json',
    columns: { link: 'conversation_id', content: 'comment', behaviour: 'score created_at updated_at' },
  },
  conversation_summaries: {
    purpose: 'summaries for people who take over',
    kept: WITH_CONVERSATION,
    bound: use('one for each conversation'),
    erased: 'cascade',
    columns: {
      link: 'conversation_id up_to_id',
      content: 'content',
      technical: 'model failures try_after updated_at',
    },
  },
  replays: {
    purpose: 'answers of other versions to the same prompt',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id run_id',
      content: 'content sources',
      technical:
        'assistant_version model status finish_reason prompt_tokens completion_tokens total_tokens error_code created_at completed_at',
    },
  },
  erasure_failures: {
    purpose: 'erasures that failed, and when they are tried again',
    kept: 'until the account is erased',
    bound: use('one for each account whose erasure failed; goes with the account'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', technical: 'tries failed_at not_before' },
  },
  budget_user_days: {
    purpose: 'budgets of users',
    kept: '40 days',
    bound: use('40 days'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', behaviour: 'day amount', technical: 'told' },
  },
  budget_days: {
    purpose: 'the budget of all',
    kept: FOR_GOOD,
    bound: time('one a day'),
    erased: 'none',
    columns: { technical: 'day amount told' },
  },
  webhooks: {
    purpose: 'telling other systems',
    kept: FOR_GOOD,
    bound: operators('100'),
    erased: 'unlinked',
    columns: {
      link: 'id created_by',
      technical:
        'url events description enabled include_content created_at updated_at disabled_at disabled_reason failing_since paused_until',
    },
  },
  webhook_secrets: {
    sealed: { column: 'sealed', id: 'id', label: 'webhook_id', prefix: 'webhook' },
    purpose: 'signing for other systems',
    kept: 'a day after the next one',
    bound: operators('ten for each webhook'),
    erased: 'none',
    columns: { technical: 'id webhook_id created_at expires_at', secret: 'sealed' },
  },
  webhook_deliveries: {
    purpose: 'what other systems were told; a trigger removes those of an account that goes',
    kept: '30 days',
    bound: use('30 days'),
    erased: 'cascade',
    columns: {
      link: 'id webhook_id data',
      technical:
        'message_id type status step attempts not_before give_up_at created_at last_attempt_at completed_at response_status response error duration_ms',
    },
  },
  analytics_cells: {
    purpose: 'figures: counts by quarter hour',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each assistant, language and model in use'),
    erased: 'none',
    columns: {
      technical:
        'grain start assistant_id language channel model outcome conversations messages_in answers handoffs prompt_tokens completion_tokens total_tokens from_knowledge unanswered rated_up rated_down',
    },
  },
  analytics_begun: {
    purpose: 'figures: what became of conversations',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each assistant and language in use'),
    erased: 'none',
    columns: {
      technical:
        'grain start assistant_id language channel begun answered pending confirmed resolved_by_bot resolved_by_agent reopened handed_off scored score_sum',
    },
  },
  analytics_people: {
    purpose: 'figures: how many different people; an erased one becomes a random number',
    kept: FOR_GOOD,
    bound: use(
      'one for each active account in a quarter hour, assistant and channel; the hours of old days stay',
    ),
    erased: 'unlinked',
    columns: { link: 'person', technical: 'grain start assistant_id channel' },
  },
  analytics_returns: {
    purpose: 'figures: how many people came back, by the day on which they had written before',
    kept: FOR_GOOD,
    bound: time('a line for each earlier day on which people of a day had written'),
    erased: 'none',
    columns: { technical: 'assistant_id channel start before n' },
  },
  analytics_spread: {
    purpose: 'figures: percentiles',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each measure, step and channel'),
    erased: 'none',
    columns: { technical: 'grain start assistant_id measure key n channel' },
  },
  analytics_state: {
    purpose: 'figures: how far they are counted',
    kept: FOR_GOOD,
    bound: operators('two'),
    erased: 'none',
    columns: { technical: 'part counted_to quiet_h renewed_to young_to weeks_from people_to' },
  },
  analytics_changes: {
    purpose: 'figures: what changed late',
    kept: 'until it is counted',
    bound: use('until they are counted: one each quarter hour of the last RESOLVED_AFTER_H'),
    erased: 'none',
    columns: { technical: 'id part start due_at stale_at' },
  },
  embedding_thresholds: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('for each model and language'),
    erased: 'none',
    columns: { technical: 'model language threshold coverage probes faq_version computed_at' },
  },
  embedding_probes: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('for each model and language'),
    erased: 'none',
    columns: { technical: 'model language text_hash vector' },
  },
  faq_terms: {
    purpose: 'search',
    kept: 'as long as the FAQ',
    bound: operators('for each FAQ'),
    erased: 'none',
    columns: { technical: 'faq_id seq asked answered grams folded' },
  },
  audit_log: {
    purpose: 'who did what, for accountability',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: nothing'),
    erased: 'redacted',
    exported: 'access_log.json',
    columns: {
      link: 'id actor_id target_id subject_id',
      identity: 'ip',
      behaviour: 'at actor_role action target_type details',
      technical: 'request_id chain_seq prev_hash hash redacted parts part_hashes',
    },
  },
  audit_parts: {
    purpose: 'who an entry of the audit log is about, and from where',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: nothing'),
    erased: 'cascade',
    exported: 'access_log.json',
    columns: {
      link: 'id entry_id person_id target_id',
      identity: 'ip',
      behaviour: 'kind details field at',
      technical: 'request_id salt',
    },
  },
  audit_anchors: {
    purpose: 'the place where the audit log begins, once old entries are deleted',
    kept: 'until the next one',
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'chain_seq hash at key_id signature' },
  },
  audit_heads: {
    purpose: 'the end of the audit log',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: one a second at most'),
    erased: 'none',
    columns: { technical: 'chain_seq hash at' },
  },
  erasures: {
    purpose: 'receipts of erasures, and repeating them on a restored backup',
    kept: FOR_GOOD,
    bound: use('one for each erased account; kept, because it proves the erasure'),
    erased: 'unlinked',
    columns: {
      link: 'id user_id pseudonym key_id',
      behaviour: 'status reason requested_at completed_at erased kept',
      technical: 'receipt deliveries signature',
    },
  },
  backups: {
    purpose: 'when a backup, or the trial of one, succeeded',
    kept: '400 days',
    bound: time('400 days'),
    erased: 'none',
    columns: { technical: 'id kind name bytes finished_at' },
  },
  exports: {
    purpose: 'exports that users asked for',
    kept: 'seven days',
    bound: use('seven days; one at a time for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      behaviour: 'status progress created_at completed_at expires_at',
      technical: 'attempt lease_until',
    },
  },
  export_chunks: {
    purpose: 'archives of exports',
    kept: 'seven days',
    bound: use('seven days'),
    erased: 'cascade',
    columns: { link: 'export_id', content: 'bytes', technical: 'seq' },
  },
  consents: {
    purpose: 'what users consented to and withdrew',
    kept: WITH_ACCOUNT,
    bound: use('300 changes of an account in 15 minutes; erasure'),
    erased: 'account',
    owner: 'user_id',
    exported: 'consents.json',
    columns: { link: 'id user_id', behaviour: 'kind given version client at' },
  },
  receipt_keys: {
    sealed: { column: 'sealed', id: 'id', label: 'id', prefix: 'receipt_key', newest: true },
    purpose: 'signing receipts',
    kept: FOR_GOOD,
    bound: operators('one; another where it cannot be read'),
    erased: 'none',
    columns: { technical: 'id public_key created_at', secret: 'sealed' },
  },
  assistants: {
    purpose: 'what answers',
    kept: FOR_GOOD,
    bound: operators('what administrators made'),
    erased: 'none',
    columns: { technical: 'id version is_default is_archived created_at updated_at' },
  },
  assistant_versions: {
    purpose: 'what answers, as it was',
    kept: FOR_GOOD,
    bound: operators('one for each change'),
    erased: 'none',
    columns: { technical: 'assistant_id version definition created_at' },
  },
  experiments: {
    purpose: 'two versions of an assistant side by side',
    kept: FOR_GOOD,
    bound: operators('what administrators began, one at a time for each assistant'),
    erased: 'none',
    columns: {
      technical: 'id assistant_id version_a version_b share until created_at ended_at kept',
    },
  },
  faqs: {
    purpose: 'the knowledge base',
    kept: FOR_GOOD,
    bound: operators('what editors wrote'),
    erased: 'none',
    columns: {
      technical:
        'id category_id question answer keywords language status priority view_count helpful_count not_helpful_count slug meta_title meta_description created_at updated_at published_at question_embedding question_embedding_model question_text_hash answer_embedding answer_embedding_model answer_text_hash words from_message_id translation_of',
    },
  },
  faq_categories: {
    purpose: 'the knowledge base',
    kept: FOR_GOOD,
    bound: operators('what editors wrote'),
    erased: 'none',
    columns: { technical: 'id name slug description created_at updated_at' },
  },
  faq_embedding_claims: {
    purpose: 'embedding',
    kept: 'until it is done',
    bound: operators('one for each FAQ'),
    erased: 'none',
    columns: { technical: 'faq_id text_hash claimed_until failures' },
  },
  faq_gap_scan: {
    purpose: 'finding unanswered questions',
    kept: FOR_GOOD,
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'only_one scanned_to' },
  },
  faq_set: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'only_one version' },
  },
  faq_vectors: {
    purpose: 'search',
    kept: 'as long as the FAQ',
    bound: operators('a few for each FAQ and model'),
    erased: 'none',
    columns: { technical: 'model faq_id part text_hash vector dimensions' },
  },
  faq_vectors_owed: {
    purpose: 'embedding',
    kept: 'until it is done',
    bound: operators('a few for each FAQ and model'),
    erased: 'none',
    columns: { technical: 'model faq_id part due_at failures' },
  },
  embedding_models: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('one for each model'),
    erased: 'none',
    columns: {
      technical:
        'key name provider model dimensions dimensions_asked query_prefix document_prefix from_before in_columns filled_to filled_parts due_at failures wanted_at seen_at ready_at',
    },
  },
};

/** Returns the columns of a table that its owner may see: those of every kind but `secret`. */
export function shownColumns(table: string): string[] {
  const { secret: _, ...shown } = personalData[table]?.columns ?? {};
  return Object.values(shown).flatMap((names) => names.split(' '));
}

/** Tables whose rows an erasure removes after messages and conversations, with the column of the account's id. */
export const erasedTables: Record<string, string> = Object.fromEntries(
  Object.entries(personalData).flatMap(([table, { erased, owner }]) =>
    erased === 'account' && owner !== undefined && !['messages', 'conversations'].includes(table)
      ? [[table, owner]]
      : [],
  ),
);
