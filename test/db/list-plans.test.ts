import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { conversationsOf, findInboxPerson } from '../../db/models/inboxPerson.ts';
import { listAgents, listClosed, listOpen } from '../../db/models/inbox.ts';
import { type AuditFilter, listAuditEntries } from '../../db/models/auditView.ts';
import { Faq, findEmbedded } from '../../db/models/faq.ts';
import { listSuggestions, type SuggestionStatus } from '../../db/models/faqSuggestion.ts';
import { Conversation } from '../../db/models/conversation.ts';
import { lastMessages } from '../../db/models/messageView.ts';
import { countUnread, listNotifications } from '../../db/models/notification.ts';
import { listUsers, type UserFilter } from '../../db/models/userAdmin.ts';
import { itNative } from '../support/native.ts';
import { buffersOf, explain, explainKnex } from '../support/plans.ts';
import { BUSIEST, BUSIEST_ACTOR, fillLists, SELDOM, SELDOM_ACTOR } from '../support/volume.ts';

/** PLANS_CONVERSATIONS=1000000 PLANS_FAQS=100000 made docs/plans.md. */
const CONVERSATIONS = Number(process.env.PLANS_CONVERSATIONS ?? 40_000);
const FAQS = Number(process.env.PLANS_FAQS ?? 4_000);
/** The audit log grows by what people read, and suggestions by what they ask. */
const ENTRIES = 100_000;
const SUGGESTIONS = 10_000;
const LIMIT = 51;

/**
 * Counts what each list of panel and chat page reads, at volume: a page reads some hundred pages of 8 kB, however much there
 * is.
 */
describe('the lists of panel and chat page', function () {
  this.timeout(1_200_000);
  before(async function () {
    if (process.env.TEST_DATABASE === 'native')
      await fillLists({
        conversations: CONVERSATIONS,
        faqs: FAQS,
        suggestions: SUGGESTIONS,
        entries: ENTRIES,
      });
  });

  type Read = () => Promise<unknown[]>;
  const open =
    (status: 'waiting' | 'agent' | null, assignee?: number | null): Read =>
    () =>
      listOpen({ status, assignee }, LIMIT, null);
  const closed =
    (status: 'bot' | 'resolved', assignee?: number | null, before: number | null = null): Read =>
    () =>
      listClosed({ status, assignee }, LIMIT, before);
  const own =
    (page: object): Read =>
    () =>
      Conversation.list(BUSIEST, { archived: false, q: '', limit: LIMIT, after: null, ...page });
  const faqs =
    (filter: object, after: number | null = null): Read =>
    () =>
      Faq.list(filter, LIMIT, after);
  const users =
    (filter: UserFilter): Read =>
    () =>
      listUsers(filter, { limit: LIMIT, beforeId: null }, knex);
  const told =
    (page: object): Read =>
    () =>
      listNotifications(BUSIEST, { unread: false, limit: LIMIT, beforeId: null, ...page });
  const suggested =
    (status: SuggestionStatus, after: { asked: number; id: number } | null = null): Read =>
    () =>
      listSuggestions(status, { limit: LIMIT, after, similarity: 0.5 });
  const entries =
    (filter: AuditFilter, beforeId: number | null = null): Read =>
    () =>
      listAuditEntries(filter, { limit: LIMIT, beforeId }, knex);
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const middle = ENTRIES / 12;
  const hour = { from: ago(middle), to: ago(middle - 60) };

  const READS: Record<string, { read: Read; buffers: number; by?: typeof explain; found?: number }> = {
    'inbox: all that is open': { read: open(null), buffers: 700 },
    'inbox: waiting': { read: open('waiting'), buffers: 700 },
    'inbox: mine': {
      read: open('agent', 3),
      buffers: 1_200,
      found: Math.min(LIMIT, Math.ceil(CONVERSATIONS / 3_000) - 1),
    },
    'inbox: resolved': { read: closed('resolved'), buffers: 700 },
    'inbox: resolved, from the middle': {
      read: closed('resolved', undefined, Math.floor(CONVERSATIONS / 2)),
      buffers: 700,
    },
    'inbox: resolved by an agent who resolved few, long ago': {
      read: closed('resolved', SELDOM),
      buffers: 700,
      found: 29,
    },
    'inbox: of the bot': { read: closed('bot'), buffers: 700 },
    'inbox: of the bot, assigned to somebody': { read: closed('bot', 3), buffers: 20, found: 0 },
    'inbox: earlier conversations of a person with a twentieth of all': {
      read: () => conversationsOf(BUSIEST, LIMIT),
      buffers: 400,
    },
    'inbox: that person': { read: async () => [await findInboxPerson(20)], buffers: 400, found: 1 },
    'inbox: last messages of a page': {
      read: async () => [
        ...(await lastMessages(Array.from({ length: LIMIT }, (_, i) => CONVERSATIONS - i))).values(),
      ],
      buffers: 700,
    },
    agents: { read: () => listAgents(LIMIT, 0), buffers: 60 },
    'own conversations': { read: own({}), buffers: 200 },
    'own conversations: archived': { read: own({ archived: true }), buffers: 200 },
    users: { read: users({}), buffers: 60, by: explainKnex },
    'users: administrators': { read: users({ role: 'admin' }), buffers: 60, by: explainKnex, found: 5 },
    'users: suspended': {
      read: users({ status: 'suspended' }),
      buffers: 60,
      by: explainKnex,
      found: Math.ceil((Math.max(1_000, CONVERSATIONS / 10) - 206) / 50_000),
    },
    'users: guests': { read: users({ role: 'guest' }), buffers: 60, by: explainKnex, found: 0 },
    'users: deleted': {
      read: users({ status: 'deleted' }),
      buffers: 200,
      by: explainKnex,
      found: Math.min(LIMIT, Math.max(10, CONVERSATIONS / 1000)),
    },
    'users: by the beginning of an address': {
      read: users({ q: 'person77' }),
      buffers: 700,
      by: explainKnex,
      found: Math.min(LIMIT, CONVERSATIONS > 100_000 ? LIMIT : 11),
    },
    'users: by an address that nobody has': {
      read: users({ q: 'nobody' }),
      buffers: 60,
      by: explainKnex,
      found: 0,
    },
    'users: by one letter': { read: users({ q: 'p' }), buffers: 200, by: explainKnex },
    FAQs: { read: faqs({}), buffers: 100 },
    'FAQs: archived, the oldest': { read: faqs({ status: 'archived' }), buffers: 200 },
    'FAQs: in a language that the oldest have': { read: faqs({ language: 'it' }), buffers: 200 },
    'FAQs: of a category that the oldest have': { read: faqs({ category_id: 1 }), buffers: 200 },
    'FAQs: drafts in German': { read: faqs({ status: 'draft', language: 'de' }), buffers: 200 },
    'FAQs: one and its translations': { read: faqs({ of: 7 }), buffers: 30, found: 1 },
    'FAQs: by a frequent word': { read: faqs({ q: 'parcel' }), buffers: 5_500 },
    'FAQs: by a frequent word, from the middle': {
      read: faqs({ q: 'parcel' }, Math.floor(FAQS / 2)),
      buffers: 5_500,
    },
    'FAQs: by a rare word': {
      read: faqs({ q: 'topic500' }),
      buffers: 7_500,
      found: Math.min(LIMIT, FAQS / 1000),
    },
    'FAQs: by a word that none has': { read: faqs({ q: 'zebra' }), buffers: 5_500, found: 0 },
    'FAQs: whether a page has its vectors': {
      read: () => findEmbedded(Array.from({ length: LIMIT }, (_, i) => i + 1)),
      buffers: 700,
    },
    // The questions of the largest groups, of which the newest is looked for.
    suggestions: { read: suggested('open'), buffers: 15_000 },
    'suggestions: from the middle': { read: suggested('open', { asked: 2, id: 5_000 }), buffers: 3_000 },
    'suggestions: with a draft': { read: suggested('drafted'), buffers: 10_000 },
    'suggestions: dismissed': { read: suggested('dismissed'), buffers: 10_000 },
    'audit log': { read: entries({}), buffers: 700 },
    'audit log: from the middle': { read: entries({}, ENTRIES / 2), buffers: 700 },
    'audit log: a frequent action': { read: entries({ action: 'conversation.read' }), buffers: 700 },
    'audit log: a rare action': { read: entries({ action: 'user.suspended' }), buffers: 700, found: 20 },
    'audit log: by who wrote most': { read: entries({ actor_id: BUSIEST_ACTOR }), buffers: 1_000 },
    'audit log: by who wrote most, from the middle': {
      read: entries({ actor_id: BUSIEST_ACTOR }, ENTRIES / 2),
      buffers: 1_000,
    },
    'audit log: by who wrote little': {
      read: entries({ actor_id: SELDOM_ACTOR }),
      buffers: 1_000,
      found: 50,
    },
    'audit log: about who wrote most': {
      read: entries({ subject_id: BUSIEST_ACTOR }),
      buffers: 1_000,
      found: 5,
    },
    'audit log: one about another': {
      read: entries({ actor_id: BUSIEST_ACTOR, subject_id: 200 }),
      buffers: 1_500,
      found: Math.floor(ENTRIES / (Math.max(1_000, CONVERSATIONS / 10) - 200)),
    },
    'audit log: an action by who wrote most': {
      read: entries({ actor_id: BUSIEST_ACTOR, action: 'conversation.read' }),
      buffers: 1_500,
    },
    'audit log: of an early hour': { read: entries(hour), buffers: 1_500 },
    'audit log: an action of an early hour': {
      read: entries({ ...hour, action: 'conversation.read' }),
      buffers: 1_500,
    },
    notifications: { read: told({}), buffers: 700 },
    'notifications: unread': {
      read: told({ unread: true }),
      buffers: 700,
      found: Math.min(LIMIT, Math.floor((Math.max(1_000, CONVERSATIONS / 10) - 1) / 1000)),
    },
    'notifications: how many are unread': {
      read: async () => [await countUnread(BUSIEST)],
      buffers: 700,
      found: 1,
    },
  };
  for (const [name, { read, buffers, by = explain, found = LIMIT }] of Object.entries(READS)) {
    itNative(`reads little for ${name}`, async () => {
      const { plan, result } = await by(read);
      if (process.env.PLANS_CONVERSATIONS)
        console.log(`| ${name} | ${result.length} | ${buffersOf(plan)} | ${plan['Actual Total Time']} |`);
      if (process.env.PLANS_WHOLE) console.log(JSON.stringify(plan, null, 1));
      expect(result).to.have.length(found);
      expect(buffersOf(plan), JSON.stringify(plan, null, 1)).to.be.at.most(buffers);
    });
  }
});
