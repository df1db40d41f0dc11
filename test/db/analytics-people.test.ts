import { expect } from 'chai';
import fc from 'fast-check';
import { countNext } from '../../db/models/analytics/counting.ts';
import { peopleOf } from '../../db/models/analytics/figures.ts';
import { rangesOf } from '../../db/models/analytics/ranges.ts';
import { knex } from '../../db/knex.ts';
import { type Channel, CHANNELS } from '../../db/models/run.ts';
import { buildUser } from '../support/factories.ts';
import { tell } from '../support/histories.ts';

const MINUTE = 60_000;
const DAYS = 10;
/** One message each, so that a person who moves is gone from the days that were counted. */
const PEOPLE = 25;
const ago = fc.integer({ min: 60, max: DAYS * 1_440 });

describe('different people of a window', function () {
  this.timeout(120_000);

  it('are those of the rows, also where days changed since they were counted', async () => {
    const users = await Promise.all(Array.from({ length: PEOPLE }, () => buildUser()));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(ago, fc.constantFrom(...CHANNELS)), { minLength: PEOPLE, maxLength: PEOPLE }),
        fc.array(fc.tuple(fc.nat(PEOPLE - 1), ago), { minLength: 6, maxLength: 12 }),
        fc.array(fc.tuple(ago, ago), { minLength: 8, maxLength: 8 }),
        async (talks, moves, windows) => {
          await knex.raw(`TRUNCATE conversations, messages, runs, analytics_state, analytics_changes, analytics_cells,
            analytics_spread, analytics_people, analytics_returns, analytics_begun CASCADE`);
          for (const [i, [minutes, channel]] of talks.entries()) await write(users[i]!.id, minutes, channel);
          while (await countNext('moments', 24));
          for (const [who, minutes] of moves)
            await knex('messages')
              .where({ user_id: users[who]!.id })
              .update({ created_at: new Date(Date.now() - minutes * MINUTE) });
          for (const counted of [false, true]) {
            if (counted) while (await countNext('moments', 24));
            for (const [a, b] of windows)
              for (const channel of [null, 'web'] as const)
                await expectPeople(Math.max(a, b) + 1, Math.min(a, b), channel);
          }
        },
      ),
      { numRuns: 4 },
    );
  });

  function write(user: number, minutes: number, channel: Channel) {
    const spent = { tokens: [1, 1] as [number, number], waitedMs: 1, firstMs: 1, answerMs: 1 };
    const what = { status: 'completed' as const, language: 'en', model: 'm', faq: null };
    return tell({ ...spent, ...what, user, channel, at: Date.now() - minutes * MINUTE });
  }

  async function expectPeople(from: number, to: number, channel: Channel | null): Promise<void> {
    const window = { from: new Date(Date.now() - from * MINUTE), to: new Date(Date.now() - to * MINUTE) };
    const of = { assistantId: null, channel };
    const wrote = knex('messages as m')
      .join('conversations as c', 'c.id', 'm.conversation_id')
      .where('m.message_type', 'user')
      .where('m.created_at', '>=', window.from)
      .where('m.created_at', '<', window.to);
    if (channel !== null) void wrote.where('c.channel', channel);
    const [rows] = await wrote.countDistinct('m.user_id as people');
    expect(await peopleOf(await rangesOf('moments', window, true, of), of)).to.equal(Number(rows?.people));
  }
});
