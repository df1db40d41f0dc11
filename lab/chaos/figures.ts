import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from './journal.ts';
import type { Stack } from './stack.ts';
import { User } from './user.ts';

/** Conversations of the past, of one message each, spread over two days: what `analytics` counts while it is killed. */
const PAST = 400;
const COUNTED_WITHIN_MS = 60_000;
/** Those of them that are deleted; their counts stay. */
const DELETED = `(SELECT ${PAST} - count(*)::int FROM conversations WHERE title = 'past')`;

type Totals = Record<'conversations' | 'messages_in' | 'users_active' | 'answers' | 'handoffs', number> & {
  answers_by_status: Record<string, number>;
  tokens: Record<string, number>;
};

/** An administrator who compares the dashboard with the rows, and the past that changes meanwhile. */
export class Figures {
  readonly #stack: Stack;
  readonly #token: string;

  private constructor(stack: Stack, token: string) {
    this.#stack = stack;
    this.#token = token;
  }

  /** Adds an administrator and the past. */
  static async begin(name: string, stack: Stack): Promise<Figures> {
    const token = await User.signUpAgent(name, stack);
    await stack.postgres.rows(`UPDATE users SET role = 'admin' WHERE username = '${name}'`);
    await stack.postgres.rows(`WITH of AS (SELECT id FROM users WHERE username = '${name}'),
      begun AS (INSERT INTO conversations (user_id, title, channel, language, message_count, created_at, last_message_at)
        SELECT of.id, 'past', (ARRAY['web', 'widget', 'api'])[1 + n % 3], (ARRAY['en', 'fr'])[1 + n % 2], 1, at, at
        FROM of CROSS JOIN generate_series(1, ${PAST}) AS n
        CROSS JOIN LATERAL (SELECT now() - n * interval '7 minutes' AS at) AS moment RETURNING id, user_id, created_at)
      INSERT INTO messages (conversation_id, user_id, content, message_type, status, created_at)
      SELECT id, user_id, 'past ' || id, 'user', 'sent', created_at FROM begun`);
    return new Figures(stack, token);
  }

  /** Changes the past: one conversation speaks another language, and one is deleted. */
  async change(): Promise<void> {
    const { rows } = this.#stack.postgres;
    await rows(`UPDATE conversations SET language = 'de' WHERE id = (SELECT max(id) FROM conversations
      WHERE title = 'past' AND language <> 'de')`);
    await rows(
      `DELETE FROM conversations WHERE id = (SELECT min(id) FROM conversations WHERE title = 'past')`,
    );
  }

  /** Compares the dashboard with a recount of the rows, once everything that is over is counted. Notes what differs. */
  async check(journal: Journal): Promise<void> {
    const { urls, postgres } = this.#stack;
    const counted = `SELECT 1 FROM analytics_state WHERE part = 'moments' AND counted_to > now() - interval '25 minutes'
      AND NOT EXISTS (SELECT FROM analytics_changes WHERE part = 'moments' AND start < counted_to)`;
    for (
      const until = Date.now() + COUNTED_WITHIN_MS;
      (await postgres.rows(counted)).length === 0;
      await sleep(500)
    )
      if (Date.now() > until) return journal.wrong('other', 'analytics did not count what is over');
    const from = new Date(Date.now() - 3 * 86_400_000).toISOString();
    const url = `${urls[0]}/api/v1/analytics/dashboard?timezone=UTC&from=${from}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${this.#token}` } });
    const { totals } = (await answer.json()) as { totals: Totals };
    for (const [name, is] of Object.entries(await this.#recount())) {
      const shown = totals[name as keyof Totals];
      if (JSON.stringify(shown) !== JSON.stringify(is))
        journal.wrong(
          'other',
          `the dashboard says ${name} ${JSON.stringify(shown)}, the rows ${JSON.stringify(is)}`,
        );
    }
  }

  async #recount(): Promise<Totals> {
    const { rows } = this.#stack.postgres;
    const [counts] = await rows<Omit<Totals, 'tokens' | 'answers_by_status'>>(
      `SELECT (SELECT count(*)::int FROM conversations) + ${DELETED} AS conversations,
         (SELECT count(*)::int FROM messages WHERE message_type = 'user') + ${DELETED} AS messages_in,
         (SELECT count(DISTINCT user_id)::int FROM messages WHERE message_type = 'user') AS users_active,
         (SELECT count(*)::int FROM runs WHERE completed_at IS NOT NULL) AS answers,
         (SELECT count(*)::int FROM episodes WHERE handoff_at IS NOT NULL) AS handoffs`,
    );
    const [ended] = await rows<Record<string, number>>(
      `SELECT count(*) FILTER (WHERE status = 'completed')::int AS completed, count(*) FILTER (WHERE status = 'incomplete')::int AS incomplete,
         count(*) FILTER (WHERE status = 'failed')::int AS failed, count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled
       FROM runs WHERE completed_at IS NOT NULL`,
    );
    const [tokens] = await rows<Record<string, number>>(
      `SELECT coalesce(sum(prompt_tokens), 0)::int AS prompt, coalesce(sum(completion_tokens), 0)::int AS completion,
         coalesce(sum(total_tokens), 0)::int AS total FROM runs WHERE completed_at IS NOT NULL`,
    );
    if (counts === undefined || ended === undefined || tokens === undefined) throw new Error('no counts');
    return { ...counts, answers_by_status: ended, tokens };
  }
}
