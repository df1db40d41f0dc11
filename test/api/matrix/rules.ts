import type { Role } from '../../../db/models/role.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../../support/factories.ts';
import {
  type Actor,
  added,
  assistant,
  dataExport,
  experiment,
  fresh,
  notification,
  ratedReply,
  secretOf,
  session,
  suggestion,
  talk,
  twoVersions,
  webhook,
  webhookDelivery,
  unsubscribing,
} from './things.ts';

/** A request's ids in path and body, and what else it needs. */
export type Named = { path?: Record<string, string | number>; query?: string; body?: unknown; form?: string };

export type Rule = {
  /** Who may; others get a 401 or a 403. */
  who: 'anyone' | 'signed in' | 'editors' | 'admins';
  /** The status for one's own things, or for things that belong to nobody. */
  status: number;
  /** Builds each request; `of` is the owner. A function that asks for no owner makes things that belong to nobody. */
  names?: (of: BuiltUser) => Promise<Named> | Named;
  /** The status for somebody else's things; left out where nothing has an owner. */
  others?: number;
  /** The role that may use others' things as its own. */
  despite?: Role;
  /** Other statuses of single actors for their own things. */
  but?: Partial<Record<Actor, number>>;
  /** Who has another role afterwards. */
  changes?: Actor;
  shows?: true;
  tokenInQuery?: true;
};

const anyone = (status: number, more: Partial<Rule> = {}): Rule => ({ who: 'anyone', status, ...more });
const signedIn = (status: number, more: Partial<Rule> = {}): Rule => ({ who: 'signed in', status, ...more });
const editors = (status: number, more: Partial<Rule> = {}): Rule => ({ who: 'editors', status, ...more });
const admins = (status: number, more: Partial<Rule> = {}): Rule => ({ who: 'admins', status, ...more });
/** For the owner only: others, whatever their role, do not learn that the thing exists. */
const owner = (status: number, names: Rule['names']): Rule => signedIn(status, { names, others: 404 });

/** For agents and administrators, whoever owns the conversation. */
const agents = (status: number, names: Rule['names']): Rule =>
  editors(status, { names, others: status, shows: true });

const FAQ = { question: 'Q?', answer: 'A.', status: 'published' };

const at = (id: number | string, body?: unknown): Named => ({ path: { id }, body });
const ofExport = async (of: BuiltUser) => at(await dataExport(of));
const ofRun = async (of: BuiltUser) => at((await talk(of)).run_id);
const ofConversation = (body?: unknown) => async (of: BuiltUser) =>
  at((await talk(of)).conversation_id, body);
const ofReply = (body?: unknown) => async (of: BuiltUser) => at((await talk(of)).reply_id, body);
const ofFaq = (body?: unknown) => async () =>
  at(await added('faqs', { ...FAQ, slug: fresh(), published_at: new Date() }), body);
const ofCategory = (body?: unknown) => async () =>
  at(await added('faq_categories', { name: 'C', slug: fresh() }), body);
const ofAssistant = (body?: unknown) => async () => at(await assistant(), body);
const experimentOf = (body?: unknown) => async () => at(await experiment(), body);
const ofExperiment = async () => ({ body: await twoVersions() });
const ofWebhook = (body?: unknown) => async (of: BuiltUser) => at(await webhook(of), body);
const ofSuggestion = (body?: unknown) => async (of: BuiltUser) => at(await suggestion(of), body);

/** Who may do what, by method and path of /openapi.json. A route without a rule fails the suite. */
export const rules: Record<string, Rule> = {
  'GET /livez': anyone(200),
  'GET /readyz': anyone(200),
  'GET /health': anyone(200),
  'GET /metrics': anyone(200),
  'GET /openapi.json': anyone(200),
  'GET /asyncapi.json': anyone(200),
  'GET /docs': anyone(200),
  'GET /docs/{file}': anyone(200, { names: () => ({ path: { file: 'swagger-ui.css' } }) }),

  'GET /': anyone(200),
  'GET /c/{id}': anyone(200, { names: () => at(1), others: 200 }),
  'GET /account': anyone(200),
  'GET /register': anyone(200),
  'GET /forgot-password': anyone(200),
  'GET /reset-password': anyone(200),
  'GET /verify-email': anyone(200),
  'GET /admin': anyone(200),
  'GET /erased': anyone(200),
  'GET /widget': anyone(200),
  'GET /widget.js': anyone(200),
  'GET /assets/{file}': anyone(404, { names: () => ({ path: { file: 'nothing.js' } }), others: 404 }),
  'GET /manifest.webmanifest': anyone(200),
  'GET /icon.svg': anyone(200),
  'GET /icon-192.png': anyone(200),
  'GET /icon-512.png': anyone(200),
  'GET /sw.js': anyone(200),

  'POST /api/v1/auth/register': anyone(201, {
    changes: 'guest',
    names: () => {
      const name = fresh();
      return {
        body: { email: `${name}@example.com`, username: name, password: `${name} horse`, gdpr_consent: true },
      };
    },
  }),
  'POST /api/v1/auth/guest': anyone(201, { names: () => ({ body: { gdpr_consent: true } }) }),
  // No site shares a secret with the suite; test/api/widget.test.ts has one.
  'POST /api/v1/auth/widget': anyone(503, { names: () => ({ body: { external_id: '7', hash: '0' } }) }),
  'POST /api/v1/auth/login': anyone(200, {
    names: ({ email }) => ({ body: { email, password: PASSWORD } }),
    but: { guest: 401 },
  }),
  // test/api/second-factor.test.ts signs in by it.
  'POST /api/v1/auth/second-factor': anyone(401, {
    names: () => ({ body: { token: 'none', code: '123456' } }),
  }),
  'POST /api/v1/auth/refresh': anyone(200, {
    names: async (of) => ({ body: { refresh_token: (await buildSession(of)).refresh } }),
  }),
  'POST /api/v1/auth/logout': signedIn(204, { names: () => ({ body: {} }) }),
  'POST /api/v1/auth/password/forgot': anyone(202, { names: ({ email }) => ({ body: { email } }) }),
  'POST /api/v1/auth/password/reset': anyone(400, {
    names: () => ({ body: { token: 'none of ours', password: 'battery staple horse' } }),
  }),

  'POST /api/v1/auth/verify-email': anyone(400, { names: () => ({ body: { token: 'none of ours' } }) }),
  'POST /api/v1/auth/verify-email/send': signedIn(202, { but: { guest: 403 } }),

  'GET /api/v1/notifications': signedIn(200),
  'POST /api/v1/notifications/{id}/read': owner(204, async (of) => at(await notification(of))),
  'GET /api/v1/users/me/notifications': signedIn(200),
  'PUT /api/v1/users/me/notifications': signedIn(200, {
    names: () => ({ body: { answer_ready: { email: false } } }),
  }),
  'POST /api/v1/users/me/email': signedIn(202, {
    names: () => ({ body: { email: `${fresh()}@example.com`, password: PASSWORD } }),
    but: { guest: 403 },
  }),
  // The suite has no keys for web push; test/flows/push.test.ts has.
  'GET /api/v1/push/key': signedIn(503),
  'POST /api/v1/push/subscriptions': signedIn(503, {
    names: () => ({ body: { endpoint: 'https://push.example.net/1', keys: { p256dh: 'A', auth: 'A' } } }),
  }),
  'DELETE /api/v1/push/subscriptions': signedIn(204, {
    names: () => ({ body: { endpoint: 'https://push.example.net/1' } }),
  }),
  'GET /unsubscribe': anyone(200, { names: (of) => ({ query: `token=${unsubscribing(of)}` }) }),
  'POST /unsubscribe': anyone(200, { names: (of) => ({ query: `token=${unsubscribing(of)}` }) }),

  'GET /api/v1/users/me': signedIn(200),
  'PATCH /api/v1/users/me': signedIn(200, { names: () => ({ body: { first_name: 'Ada' } }) }),
  'POST /api/v1/users/me/password': signedIn(204, {
    names: () => ({ body: { current_password: PASSWORD, new_password: PASSWORD } }),
    but: { guest: 403 },
  }),
  'POST /api/v1/users/me/second-factor': signedIn(201, {
    names: () => ({ body: { password: PASSWORD } }),
    but: { guest: 403 },
  }),
  // None waits: DELETE below comes first in the document.
  'POST /api/v1/users/me/second-factor/confirm': signedIn(409, {
    names: () => ({ body: { code: '123456' } }),
  }),
  'DELETE /api/v1/users/me/second-factor': signedIn(204, {
    names: () => ({ body: { password: PASSWORD } }),
    but: { guest: 403 },
  }),
  // A wrong password: the actors are still needed.
  'DELETE /api/v1/users/me': signedIn(400, { names: () => ({ body: { password: 'not it' } }) }),
  'GET /api/v1/erasures/{receipt}': anyone(404, {
    others: 404,
    names: () => ({ path: { receipt: 'x'.repeat(32) } }),
  }),
  'POST /api/v1/users/{id}/erase': admins(202, {
    others: 202,
    names: async () => at((await buildUser()).id, { reason: 'asked' }),
  }),
  'POST /api/v1/users/me/export': signedIn(202),
  'GET /api/v1/users/me/exports/{id}': owner(200, ofExport),
  'GET /api/v1/users/me/exports/{id}/archive': owner(200, ofExport),
  'GET /api/v1/consents': anyone(200),
  'GET /api/v1/widget/offer': anyone(200),
  'GET /api/v1/users/me/consents': signedIn(200),
  'GET /api/v1/users/me/access-log': signedIn(200),
  'GET /api/v1/users/me/sessions': signedIn(200),
  'DELETE /api/v1/users/me/sessions/{id}': owner(204, async (of) => at(await session(of))),
  'GET /api/v1/users': admins(200, { shows: true }),
  'GET /api/v1/users/{id}': admins(200, { names: ({ id }) => at(id), others: 200, shows: true }),
  'PATCH /api/v1/users/{id}': admins(200, {
    names: ({ id, role }) => at(id, { role }),
    others: 200,
    but: { admin: 403 },
    shows: true,
  }),
  'GET /api/v1/users/{id}/sessions': admins(200, { names: ({ id }) => at(id), others: 200 }),
  'DELETE /api/v1/users/{id}/sessions/{session_id}': admins(204, {
    names: async (of) => ({ path: { id: of.id, session_id: await session(of) } }),
    others: 204,
  }),
  'GET /api/v1/audit': admins(200),
  'GET /api/v1/audit/export': admins(200),
  'POST /api/v1/audit/verify': admins(200, { names: () => ({ body: {} }) }),

  'POST /api/v1/chat/send': owner(202, async (of) => ({
    body: { content: secretOf(of), conversation_id: (await talk(of)).conversation_id },
  })),
  // A GET without an upgrade; the rules of the upgrade are in events.ts.
  'GET /api/v1/chat/ws/{user_id}': {
    ...owner(400, ({ id }) => ({ path: { user_id: id } })),
    tokenInQuery: true,
  },

  'GET /api/v1/runs/{id}': owner(200, ofRun),
  'POST /api/v1/runs/{id}/cancel': owner(200, ofRun),
  'GET /api/v1/runs/{id}/events': owner(200, ofRun),

  'GET /api/v1/conversations': signedIn(200),
  'GET /api/v1/conversations/{id}': owner(200, ofConversation()),
  'GET /api/v1/conversations/{id}/messages': owner(200, ofConversation()),
  'PUT /api/v1/conversations/{id}': owner(200, ofConversation({ is_archived: true })),
  'DELETE /api/v1/conversations/{id}': owner(204, ofConversation()),

  'POST /api/v1/conversations/{id}/rating': owner(204, ofConversation({ score: 5 })),
  'POST /api/v1/conversations/{id}/handoff': owner(200, ofConversation({})),

  'GET /api/v1/inbox': editors(200, { shows: true }),
  'GET /api/v1/inbox/agents': editors(200, { shows: true }),
  'GET /api/v1/inbox/{id}': agents(200, ofConversation()),
  'GET /api/v1/inbox/{id}/person': agents(200, ofConversation()),
  'GET /api/v1/inbox/{id}/messages': agents(200, ofConversation()),
  'POST /api/v1/inbox/{id}/take': agents(200, ofConversation()),
  'POST /api/v1/inbox/{id}/assign': agents(409, ofConversation({ agent_id: null })),
  // Nobody has taken it; test/api/inbox.test.ts has an agent who has.
  'POST /api/v1/inbox/{id}/reply': agents(409, ofConversation({ content: 'Hello' })),
  'POST /api/v1/inbox/{id}/note': agents(201, ofConversation({ content: 'Note' })),
  'POST /api/v1/inbox/{id}/draft': agents(200, ofConversation()),
  'POST /api/v1/inbox/{id}/return': agents(200, ofConversation()),
  'POST /api/v1/inbox/{id}/resolve': agents(200, ofConversation({})),

  'POST /api/v1/messages/{id}/regenerate': owner(202, ofReply({})),
  'POST /api/v1/messages/{id}/feedback': owner(200, ofReply({ rating: 'up' })),
  'DELETE /api/v1/messages/{id}/feedback': owner(204, async (of) => at(await ratedReply(of))),

  'GET /api/v1/webhooks': admins(200),
  // The suite allows no private addresses; a name without an address is saved.
  'POST /api/v1/webhooks': admins(201, {
    names: () => ({ body: { url: 'https://hooks.invalid/', events: ['run.completed'] } }),
  }),
  'GET /api/v1/webhooks/{id}': admins(200, { names: ofWebhook(), others: 200 }),
  'PUT /api/v1/webhooks/{id}': admins(200, { names: ofWebhook({ enabled: false }), others: 200 }),
  'DELETE /api/v1/webhooks/{id}': admins(204, { names: ofWebhook(), others: 204 }),
  'POST /api/v1/webhooks/{id}/test': admins(202, { names: ofWebhook(), others: 202 }),
  'POST /api/v1/webhooks/{id}/secret': admins(200, { names: ofWebhook(), others: 200 }),
  'GET /api/v1/webhooks/{id}/deliveries': admins(200, { names: ofWebhook(), others: 200 }),
  'POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/retry': admins(202, {
    names: async (of) => ({ path: await webhookDelivery(of) }),
    others: 202,
  }),

  'GET /api/v1/faqs': signedIn(200),
  'POST /api/v1/faqs': editors(201, { names: () => ({ body: { question: 'Q?', answer: 'A.' } }) }),
  'GET /api/v1/faqs/search': signedIn(200, { names: () => ({ query: 'q=hours' }) }),
  'POST /api/v1/faqs/import': editors(202, { names: () => ({ body: [{ question: 'Q?', answer: 'A.' }] }) }),
  'GET /api/v1/faqs/imports/{id}': editors(200, {
    names: async ({ id }) =>
      at(await added('faq_imports', { user_id: id, all_or_nothing: false, status: 'queued' })),
    others: 404,
  }),
  'GET /api/v1/faqs/export': editors(200),
  // Editors see the questions without their users.
  'GET /api/v1/faqs/suggestions': editors(200, { shows: true }),
  'POST /api/v1/faqs/suggestions/{id}/draft': editors(201, {
    names: ofSuggestion({ question: 'Q?' }),
    others: 201,
  }),
  'POST /api/v1/faqs/suggestions/{id}/dismiss': editors(204, { names: ofSuggestion(), others: 204 }),
  'GET /api/v1/faqs/ask': editors(200, { names: () => ({ query: 'q=Q' }) }),
  'GET /api/v1/faqs/{id}/state': editors(200, { names: ofFaq() }),
  'GET /api/v1/faqs/{id}': signedIn(200, { names: ofFaq() }),
  'PUT /api/v1/faqs/{id}': editors(200, { names: ofFaq({ answer: 'B.' }) }),
  'DELETE /api/v1/faqs/{id}': editors(204, { names: ofFaq() }),
  'POST /api/v1/faqs/{id}/feedback': signedIn(204, { names: ofFaq({ helpful: true }) }),
  'GET /api/v1/faq-categories': signedIn(200),
  'POST /api/v1/faq-categories': editors(201, { names: () => ({ body: { name: fresh() } }) }),
  'GET /api/v1/faq-categories/{id}': signedIn(200, { names: ofCategory() }),
  'PUT /api/v1/faq-categories/{id}': editors(200, { names: ofCategory({ name: 'D' }) }),
  'DELETE /api/v1/faq-categories/{id}': editors(204, { names: ofCategory() }),

  'GET /api/v1/assistants': signedIn(200),
  'POST /api/v1/assistants': admins(201, { names: () => ({ body: { name: fresh() } }) }),
  'GET /api/v1/assistants/{id}': admins(200, { names: ofAssistant(), others: 200 }),
  'PUT /api/v1/assistants/{id}': admins(200, { names: ofAssistant({ temperature: 0.5 }), others: 200 }),
  'DELETE /api/v1/assistants/{id}': admins(204, { names: ofAssistant(), others: 204 }),
  'GET /api/v1/assistants/{id}/versions': admins(200, { names: ofAssistant(), others: 200 }),
  'POST /api/v1/assistants/{id}/try': admins(200, { names: ofAssistant({ content: 'Hi' }), others: 200 }),
  'POST /api/v1/assistants/{id}/default': admins(204, { names: ofAssistant(), others: 204 }),

  'GET /api/v1/experiments': admins(200),
  'POST /api/v1/experiments': admins(201, { names: ofExperiment }),
  'GET /api/v1/experiments/{id}': admins(200, { names: experimentOf(), others: 200 }),
  'POST /api/v1/experiments/{id}/end': admins(200, { names: experimentOf({ keep: null }), others: 200 }),

  'GET /api/v1/analytics/dashboard': admins(200),
  'GET /api/v1/analytics/conversations': admins(200),
  'GET /api/v1/analytics/knowledge': admins(200),
  'GET /api/v1/analytics/costs': admins(200),
  // Administrators see everybody's; test/api/analytics.test.ts shows it.
  'GET /api/v1/analytics/user/{id}': signedIn(200, {
    names: ({ id }) => at(id),
    others: 404,
    despite: 'admin',
  }),

  // The run of these tests was cancelled before it had a prompt.
  'POST /api/v1/runs/{id}/replay': admins(409, {
    names: async (of) => at((await talk(of)).run_id, {}),
    others: 409,
  }),
  'GET /api/v1/runs/{id}/replays': admins(200, { names: ofRun, others: 200 }),

  'GET /api/v1/system': admins(200),
  'POST /api/v1/system/models': admins(200),
  'POST /api/v1/system/mail': admins(200),
  'POST /api/v1/system/push': admins(503),
  'GET /api/v1/admin/runs/{id}': admins(200, { names: ofRun, others: 200 }),
  'POST /api/v1/admin/board': admins(204),
  'GET /admin/queues': admins(200),
  'GET /admin/queues/sign-in': anyone(200),
  'POST /admin/queues/sign-in': anyone(403, {
    names: ({ email }) => ({ form: String(new URLSearchParams({ email, password: PASSWORD })) }),
    but: { guest: 401, admin: 303 },
  }),
  'GET /admin/queues/sign-out': admins(200),
  'POST /admin/queues/sign-out': admins(303),
  'GET /admin/queues/runs/{id}': admins(200, { names: ofRun, others: 200 }),
};
