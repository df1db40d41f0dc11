import { expect } from 'chai';
import { Conversation } from '../../db/models/conversation.ts';
import { knex } from '../../db/knex.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { explain, type Plan, scansOf } from '../support/plans.ts';

const [OWN, OTHERS] = [11, 1_000];

/** PGlite never analyzes its tables, so its plans are those of a database without statistics. */
describe('a search in conversations', () => {
  let user: BuiltUser;
  before(async () => {
    user = await buildUser();
    await write(user, OWN);
    await write(await buildUser(), OTHERS);
  });

  it('reads no text of another user', async () => {
    const page = { archived: false, q: 'password', limit: 20, after: null };
    const { plan, result } = await explain(() => Conversation.list(user.id, page));
    expect(result).to.have.length(OWN);
    const texts = scansOf(plan).filter((scan) => scan['Relation Name'] === 'messages');
    expect(texts).to.not.deep.equal([]);
    for (const scan of texts) expect(readBy(scan)).to.be.at.most(OWN);
  });
});

/** Adds conversations, each with one message. */
async function write({ id }: BuiltUser, count: number): Promise<void> {
  await knex.raw(
    `WITH made AS (
       INSERT INTO conversations (user_id) SELECT :id FROM generate_series(1, :count) RETURNING id
     )
     INSERT INTO messages (conversation_id, user_id, content, message_type, status)
     SELECT made.id, :id, 'How do I reset my password', 'user', 'sent' FROM made`,
    { id, count },
  );
}

/** Returns how many rows a scan took in its hands, in all its loops. */
function readBy(scan: Plan): number {
  const each = ['Actual Rows', 'Rows Removed by Filter', 'Rows Removed by Join Filter'] as const;
  return Number(scan['Actual Loops']) * each.reduce((sum, name) => sum + Number(scan[name] ?? 0), 0);
}
