import { personalData } from './map.ts';

/**
 * What keeps each table from growing without end. `use`: it grows with what people do; housekeeping or a limit bounds it. `time`: a
 * few rows a day. `operators`: as large as what administrators and editors made, or what there are models for.
 */
export type Bound = { grows: 'use' | 'time' | 'operators'; bound: string };

const WITH_MESSAGES = 'RETENTION_MESSAGES_DAYS; unset: as many as messages';
const WITH_ACCOUNTS = 'one or a few for each account';
const use = (bound: string): Bound => ({ grows: 'use', bound });
const time = (bound: string): Bound => ({ grows: 'time', bound });
const operators = (bound: string): Bound => ({ grows: 'operators', bound });

/** A test compares the names with those of the map. */
export const bounds: Record<string, Bound> = {
  users: use('erasure; guests: RETENTION_GUESTS_DAYS and GUESTS_MAX'),
  sessions: use('RETENTION_SESSIONS_DAYS after their end'),
  refresh_tokens: use('a day after they expire; 100 refreshes of a session in 15 minutes'),
  second_factors: use('one for each account'),
  password_resets: use('they expire after an hour'),
  email_verifications: use('a day after they expire'),
  consents: use('300 changes of an account in 15 minutes; erasure'),
  notification_settings: use('one for each account'),
  push_subscriptions: use('the end of the sign-in'),
  conversations: use(WITH_MESSAGES),
  messages: use(WITH_MESSAGES),
  runs: use(WITH_MESSAGES),
  message_feedback: use(WITH_MESSAGES),
  message_keys: use('two days'),
  conversation_notes: use(WITH_MESSAGES),
  conversation_news: use('one for each conversation, until it is told'),
  conversation_ratings: use(WITH_MESSAGES),
  conversation_summaries: use('one for each conversation'),
  episodes: use(WITH_MESSAGES),
  replays: use(WITH_MESSAGES),
  faq_gaps: use('one for each message; RETENTION_MESSAGES_DAYS'),
  faq_suggestions: use('as long as a question of it'),
  faq_feedback: use(`${WITH_ACCOUNTS} and FAQ`),
  notifications: use('two days where no list shows them, else 90'),
  mails: use('30 days; MAILS_PER_HOUR for each address'),
  webhook_deliveries: use('30 days'),
  budget_user_days: use('40 days'),
  audit_log: use('RETENTION_AUDIT_DAYS; unset: nothing'),
  audit_parts: use('RETENTION_AUDIT_DAYS; unset: nothing'),
  audit_heads: use('RETENTION_AUDIT_DAYS; unset: one a second at most'),
  audit_anchors: operators('one'),
  erasures: use('one for each erased account; kept, because it proves the erasure'),
  erasure_failures: use('one for each account whose erasure failed; goes with the account'),
  exports: use('seven days; one at a time for each account'),
  export_chunks: use('seven days'),
  analytics_people: use(
    'one for each active account in a quarter hour, assistant and channel; the hours of old days stay',
  ),
  analytics_returns: time('a line for each earlier day on which people of a day had written'),
  analytics_cells: time('96 quarter hours a day, for each assistant, language and model in use'),
  analytics_begun: time('96 quarter hours a day, for each assistant and language in use'),
  analytics_spread: time('96 quarter hours a day, for each measure, step and channel'),
  analytics_state: operators('two'),
  analytics_changes: use('until they are counted: one each quarter hour of the last RESOLVED_AFTER_H'),
  budget_days: time('one a day'),
  backups: time('400 days'),
  faq_imports: operators('90 days after their end'),
  faq_import_rows: operators('until they are imported; 90 days'),
  faqs: operators('what editors wrote'),
  faq_categories: operators('what editors wrote'),
  faq_terms: operators('for each FAQ'),
  faq_vectors: operators('a few for each FAQ and model'),
  faq_vectors_owed: operators('a few for each FAQ and model'),
  faq_embedding_claims: operators('one for each FAQ'),
  faq_gap_scan: operators('one'),
  faq_set: operators('one'),
  embedding_models: operators('one for each model'),
  embedding_thresholds: operators('for each model and language'),
  embedding_probes: operators('for each model and language'),
  webhooks: operators('100'),
  webhook_secrets: operators('ten for each webhook'),
  receipt_keys: operators('one'),
  assistants: operators('what administrators made'),
  assistant_versions: operators('one for each change'),
  experiments: operators('what administrators began, one at a time for each assistant'),
};

/** Returns the bounds as a table of docs/operations.md, the tables that grow first. */
export function boundsAsTable(): string {
  const lines = (['use', 'time', 'operators'] as const).flatMap((how) =>
    Object.keys(personalData).flatMap((table) =>
      bounds[table]?.grows === how ? [`| \`${table}\` | ${how} | ${bounds[table].bound} |`] : [],
    ),
  );
  return ['| table | grows with | bounded by |', '|---|---|---|', ...lines].join('\n');
}
