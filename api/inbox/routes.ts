import { summaryOf } from '../../db/models/summary.ts';
import { noteListed } from '../../db/models/auditReads.ts';
import { type Assignee, type InboxRow, listAgents, listClosed, listOpen } from '../../db/models/inbox.ts';
import { citedBy, conversationsOf, findInboxPerson } from '../../db/models/inboxPerson.ts';
import { lastMessages, type MessageRow } from '../../db/models/messageView.ts';
import { draft } from '../../shared/people/draft.ts';
import {
  assignTo,
  giveBack,
  note as addNote,
  openConversation,
  readMessages,
  reply,
  resolve,
  take,
} from '../../shared/people/inbox.ts';
import { onlineAmong } from '../../shared/people/presence.ts';
import { found } from '../../shared/base/errors.ts';
import { noted } from '../../shared/accounts/noted.ts';
import { by } from '../audit/note.ts';
import { idempotencyKey } from '../chat/answerTaken.ts';
import { presentConversation, presentMessage } from '../contract/conversation.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { limitReplies, limitSearches } from '../middleware/limit-searches.ts';
import { inboxContract, presentAgent, presentEarlier, presentNote, presentPerson } from './contract.ts';
import { presentHead, presentItem } from './presenter.ts';

export const inbox = serve(inboxContract, {
  'GET /api/v1/inbox': async (ctx) => {
    const { status = null, assignee: wanted } = ctx.state.query;
    const assignee = assigneeOf(wanted, ctx.state.user.id);
    const list =
      status === 'bot' || status === 'resolved'
        ? await pageOf(ctx.state.query, {
            list: `inbox-${status}`,
            by: ['id'],
            find: (limit, after) => listClosed({ status, assignee }, limit, after?.id ?? null),
            present: (row: InboxRow) => row,
          })
        : await pageOf(ctx.state.query, {
            list: 'inbox',
            by: ['waiting_us', 'id'],
            find: (limit, after) => listOpen({ status, assignee }, limit, after),
            present: (row: InboxRow) => row,
          });
    const ids = list.data.map(({ id }) => id);
    const [last] = await Promise.all([lastMessages(ids), noteListed(by(ctx), ids)]);
    ctx.body = { ...list, data: list.data.map((row) => presentItem(row, last.get(row.id))) };
  },

  'GET /api/v1/inbox/agents': async (ctx) => {
    const list = await pageOf(ctx.state.query, {
      list: 'agents',
      by: ['id'],
      find: (limit, after) => listAgents(limit, after?.id ?? 0),
      present: (agent) => agent,
    });
    const online = await onlineAmong(list.data.map(({ id }) => id));
    const data = list.data.map((agent) => presentAgent({ ...agent, online: online.has(agent.id) }));
    ctx.body = { ...list, data };
  },

  'GET /api/v1/inbox/:id': async (ctx) => {
    const { conversation, messages, notes, unread } = await openConversation(by(ctx), pathId(ctx));
    ctx.body = {
      ...presentHead({ ...conversation, unread }),
      messages: messages.map(presentMessage),
      notes: notes.map(presentNote),
      cited: await citedBy(messages.flatMap(({ run_id }) => run_id ?? [])),
      summary: await summaryOf(pathId(ctx)),
    };
  },

  'GET /api/v1/inbox/:id/messages': async (ctx) => {
    const { order } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'inbox-messages',
      by: ['place'],
      find: (limit, after): Promise<MessageRow[]> =>
        readMessages(by(ctx), pathId(ctx), { order, limit, after: after?.place ?? null }),
      present: presentMessage,
    });
  },

  'GET /api/v1/inbox/:id/person': async (ctx) => {
    const person = found(await findInboxPerson(pathId(ctx)));
    await noted(by(ctx), 'user.viewed', { subject_id: person.id, details: { conversation_id: pathId(ctx) } })(
      person.id,
    );
    const conversations = await conversationsOf(person.id, EARLIER);
    ctx.body = { person: presentPerson(person), conversations: conversations.map(presentEarlier) };
  },

  'POST /api/v1/inbox/:id/take': async (ctx) => {
    ctx.body = presentConversation(await take(by(ctx), pathId(ctx)));
  },

  'POST /api/v1/inbox/:id/assign': async (ctx) => {
    ctx.body = presentConversation(await assignTo(by(ctx), pathId(ctx), ctx.state.body.agent_id));
  },

  'POST /api/v1/inbox/:id/reply': [
    limitReplies,
    async (ctx) => {
      const { content } = ctx.state.body;
      const { message, replayed } = await reply(by(ctx), pathId(ctx), content, idempotencyKey(ctx));
      if (replayed) ctx.set('Idempotency-Replayed', 'true');
      ctx.body = presentMessage(message);
    },
  ],

  'POST /api/v1/inbox/:id/note': [
    limitReplies,
    async (ctx) => {
      ctx.body = presentNote(await addNote(by(ctx), pathId(ctx), ctx.state.body.content));
    },
  ],

  'POST /api/v1/inbox/:id/draft': [
    limitSearches,
    async (ctx) => {
      const left = new AbortController();
      ctx.res.once('close', () => left.abort());
      ctx.body = await draft(by(ctx), pathId(ctx), left.signal);
    },
  ],

  'POST /api/v1/inbox/:id/return': async (ctx) => {
    ctx.body = presentConversation(await giveBack(by(ctx), pathId(ctx)));
  },

  'POST /api/v1/inbox/:id/resolve': async (ctx) => {
    ctx.body = presentConversation(await resolve(by(ctx), pathId(ctx), ctx.state.body.outcome));
  },
});

const EARLIER = 20;

function assigneeOf(wanted: string | undefined, me: number): Assignee {
  if (wanted === undefined) return undefined;
  if (wanted === 'none') return null;
  return wanted === 'me' ? me : Number(wanted);
}
