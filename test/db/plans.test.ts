import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { Conversation } from '../../db/models/conversation.ts';
import { historyBefore } from '../../db/models/message.ts';
import { listMessages } from '../../db/models/messageView.ts';
import { rows } from '../../db/sql.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { explain, scansOf } from '../support/plans.ts';

const LIMIT = 21;
/** PLANS_MESSAGES=1000000 made docs/plans.md. */
const MESSAGES = Number(process.env.PLANS_MESSAGES ?? 20_000);

/** Explains the models' own SQL for lists, at volume. */
describe('the planner', function () {
  this.timeout(600_000);
  let user: BuiltUser;
  let longest: number;
  before(async () => {
    user = await buildUser();
    await fill(await buildUser(), MESSAGES / 10);
    longest = await fill(user, MESSAGES);
  });

  /** @param ahead how many rows beside the page are read to place moved replies: the last page's last, the next page's first */
  async function expectOnlyPage(
    read: () => Promise<unknown[]>,
    table: string,
    index: RegExp,
    ahead = 0,
  ): Promise<void> {
    const { plan, result } = await explain(read);
    const scans = scansOf(plan).filter((scan) => scan['Relation Name'] === table);
    const [page] = scans;
    if (process.env.PLANS_MESSAGES) console.log(JSON.stringify(plan, null, 1));
    expect(page?.['Node Type']).to.match(/^Index (Only )?Scan$/);
    expect(page?.['Index Name']).to.match(index);
    for (const scan of scans) {
      expect(scan['Rows Removed by Filter'] ?? 0, 'rows read for nothing').to.equal(0);
      expect(scan['Rows Removed by Index Recheck'] ?? 0).to.equal(0);
    }
    expect(result).to.have.length(LIMIT);
    expect(page?.['Actual Rows']).to.be.within(LIMIT, LIMIT + ahead);
    expect(JSON.stringify(plan)).to.not.include('"Sort"').and.not.include('Seq Scan');
  }

  itNative('reads one page of conversations: the first, a middle one and one of archived ones', async () => {
    const all = { archived: false, q: '', limit: LIMIT, after: null };
    const [, middle] = await Conversation.list(user.id, { ...all, limit: 100 });
    for (const page of [all, { ...all, after: middle ?? null }, { ...all, archived: true }]) {
      await expectOnlyPage(() => Conversation.list(user.id, page), 'conversations', /by_activity/);
    }
  });

  const SEARCHES = { 密码: 5, 我想重置密码: 5, 'ord77 and': 21, Café: 0, on: 21, 42: 21 };
  for (const [q, found] of Object.entries(SEARCHES)) {
    itNative(`reads the index of grams for a search for ${q}`, async () => {
      const read = () => Conversation.list(user.id, { archived: false, q, limit: LIMIT, after: null });
      const { plan, result } = await explain(read);
      if (process.env.PLANS_MESSAGES) console.log(q, JSON.stringify(plan, null, 1));
      expect(result).to.have.length(found);
      for (const scan of scansOf(plan).filter(({ Alias }) => Alias !== 'c' && Alias !== 'a')) {
        expect(scan['Node Type']).to.match(/^Bitmap Heap Scan$/);
        expect(scan.Plans?.[0]?.['Index Name']).to.match(/_grams$/);
        expect(scan['Rows Removed by Filter'] ?? 0, 'rows read for nothing').to.equal(0);
      }
      expect(JSON.stringify(plan)).to.not.include('Seq Scan');
    });
  }

  itNative('reads one page of messages, from both ends and from the middle', async () => {
    const middle = await nthMessage(longest, 0.5);
    for (const order of ['asc', 'desc'] as const) {
      for (const after of [null, middle]) {
        const read = () => listMessages(longest, { order, limit: LIMIT, after });
        await expectOnlyPage(read, 'messages', /messages_by_conversation/, 2);
      }
    }
  });

  itNative('reads ten messages and one ahead at most in each step of the history of a prompt', async () => {
    const { plan } = await explain(async () => historyBefore(longest, await nthMessage(longest, 0.5), 10));
    for (const scan of scansOf(plan)) {
      expect(scan['Node Type']).to.match(/^(Index|Bitmap)/);
      if (scan.Alias === 'first') expect(scan['Index Name']).to.equal('messages_by_conversation');
      expect(Number(scan['Actual Rows']) + Number(scan['Rows Removed by Filter'] ?? 0)).to.be.at.most(11);
    }
  });

  /** Returns the id of the message at a fraction of a conversation. */
  async function nthMessage(conversation: number, part: number): Promise<number> {
    const [{ count }] = (await rows('SELECT count(*) FROM messages WHERE conversation_id = :conversation', {
      conversation,
    })) as [{ count: number }];
    const found = await rows<{ id: number }>(
      'SELECT id FROM messages WHERE conversation_id = :conversation ORDER BY id OFFSET :skip LIMIT 1',
      { conversation, skip: Math.floor(count * part) },
    );
    return found[0]?.id ?? 0;
  }
});

/** Adds conversations with messages for a user. Returns the id of the first, which has one in ten messages. */
async function fill(user: BuiltUser, messages: number): Promise<number> {
  const conversations = messages / 4;
  await inBatches(
    conversations,
    `INSERT INTO conversations (user_id, title, is_archived, last_message_at)
     SELECT :user, 'About ' || n, n % 10 = 0, now() - n * interval '1 minute' FROM ${BATCH} AS n`,
    { user: user.id },
  );
  const found = await rows<{ id: number }>('SELECT min(id) AS id FROM conversations WHERE user_id = :user', {
    user: user.id,
  });
  const first = found[0]?.id ?? 0;
  await inBatches(
    messages,
    `INSERT INTO messages (conversation_id, user_id, content, message_type, status)
     SELECT :first + CASE WHEN n % 10 = 0 THEN 0 ELSE n % CAST(:conversations AS integer) END, :user,
       CASE WHEN n % :every = 1 THEN '我想重置密码请帮忙' ELSE 'word' || n % 1000 || ' and so on' END, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'assistant' END, 'sent'
     FROM ${BATCH} AS n`,
    { user: user.id, first, conversations, every: messages / 20 },
  );
  await knex.raw('ANALYZE conversations');
  await knex.raw('ANALYZE messages');
  return first;
}

/** Runs in batches: a statement may take ten seconds. */
async function inBatches(count: number, sql: string, bindings: Record<string, number>): Promise<void> {
  for (let from = 0; from < count; from += 5_000)
    await rows(sql, { ...bindings, from, upTo: Math.min(count, from + 5_000) - 1 });
}
const BATCH = 'generate_series(CAST(:from AS integer), CAST(:upTo AS integer))';
