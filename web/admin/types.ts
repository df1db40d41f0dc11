import type * as api from '../sdk/api.ts';

/** What the API answers to agents and administrators, by the panel's names. `api.ts` is made from the contracts. */
export type {
  Agent,
  AnalyticsBucket as Bucket,
  AnalyticsLive as Live,
  AnalyticsQuality as Quality,
  AnalyticsTotals as Totals,
  AuditEntry,
  AuditVerified,
  Dashboard as Figures,
  InboxConversation,
  InboxItem,
  Message as InboxMessage,
  Note,
  System as SystemState,
  User as Account,
  Webhook,
  WebhookDelivery as Delivery,
} from '../sdk/api.ts';

export type InboxConversationHead = api.Conversation;
export type Status = api.Conversation['status'];
export type InboxPerson = { person: api.InboxPerson; conversations: api.EarlierConversation[] };
