import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connectClient } from '../support/client.ts';
import { expectInvariants } from '../support/invariants.ts';
import { onNative } from '../support/native.ts';
import { createOwnDatabase, migrate, type Queries, queryAt, runCommand } from '../support/own-database.ts';
import { startOwnRedis } from '../../lab/kit/redis.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';

const CONVERSATIONS = 10;
const MESSAGES = 3;
/** Prefers the server's own commands: older ones may not read its dumps. */
const BIN = 'PATH=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1):$PATH; ';

(onNative ? describe : describe.skip)('a backup of the database', () => {
  let source: Queries;
  let folder: string;
  let user: { id: number; access: string };
  const runs: number[] = [];

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'parley-dump-'));
    source = await createOwnDatabase();
    expect(await migrate(source.url)).to.include({ code: 0 });
    await source.query(`INSERT INTO faqs (question, answer, slug, language, keywords, status, published_at,
        question_embedding, question_embedding_model, question_text_hash)
      VALUES ('Wie lange habt ihr auf?', 'Bis acht.', 'auf', 'de', '{zeiten}', 'published', now(),
        (SELECT array_agg(1.0 / n) FROM generate_series(1, 1536) AS n)::vector, 'old', md5('Wie lange habt ihr auf?'))`);
    await owe();
  });
  after(async () => {
    await source.stop();
    rmSync(folder, { recursive: true });
  });

  /** Has web accept messages while no worker runs. */
  async function owe(): Promise<void> {
    const redis = await startOwnRedis();
    const stack = await startApart({ DATABASE_URL: source.url, REDIS_URL: redis.url }, ['web']);
    try {
      user = await register(stack);
      for (let i = 0; i < CONVERSATIONS; i += 1) {
        let conversation_id: unknown;
        for (let j = 0; j < MESSAGES; j += 1) {
          const content = `owed ${i}-${j} [[tokens:3]]`;
          const { status, body } = await stack.post('/chat/send', { content, conversation_id }, user.access);
          expect(status).to.equal(202);
          ({ conversation_id } = body);
          runs.push(Number(body.run_id));
        }
      }
    } finally {
      await stack.stop();
      await redis.stop();
    }
  }

  /** Runs a shell line; it must succeed and print nothing. */
  async function shell(line: string, env: Record<string, string>): Promise<void> {
    expect(await runCommand('bash', ['-c', `set -eo pipefail; ${BIN}${line}`], env)).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: '',
    });
  }

  it('a plain dump restores, and the 30 owed runs are answered once with an empty Redis', async function () {
    this.timeout(150_000);
    const target = await createOwnDatabase();
    const redis = await startOwnRedis();
    let restored: Queries | undefined;
    let stack: Stack | undefined;
    let client: Client | undefined;
    try {
      const as = (server: string) =>
        Object.assign(new URL(server), { pathname: new URL(target.url).pathname }).href;
      await shell(
        'psql -qXc "DROP EXTENSION vector" -c "ALTER DATABASE $NAME OWNER TO $OWNER" "$TO"; pg_dump "$FROM" | psql -qX -o /dev/null -v ON_ERROR_STOP=1 "$TO"',
        {
          FROM: source.url,
          TO: as(process.env.TEST_SERVER ?? ''),
          NAME: new URL(target.url).pathname.slice(1),
          OWNER: new URL(source.url).username,
        },
      );
      const url = as(source.url);
      restored = queryAt(url);
      const { query } = restored;
      expect(await migrate(url)).to.deep.equal({ code: 0, stdout: '', stderr: '' });

      stack = await startApart({ DATABASE_URL: url, REDIS_URL: redis.url }, ['web', ...WORKERS]);
      client = await connectClient(user, stack.web[0] ?? '');
      client.runs.push(...runs);
      await expectInvariants([client], 1 + WORKERS.length, {
        rows: (sql) => query(sql),
        redisUrl: redis.url,
      });
      expect(
        await query('SELECT count(*) FROM runs WHERE status = $1 AND attempt = 1', ['completed']),
      ).to.deep.equal([{ count: CONVERSATIONS * MESSAGES }]);
      expect(stack.provider.calls().filter(({ path }) => path === '/v1/chat/completions')).to.have.length(
        runs.length,
      );
    } finally {
      client?.close();
      await stack?.stop();
      await redis.stop();
      await restored?.stop();
      await target.stop();
    }
  });

  it('pg_restore as a mere owner restores the same schema', async function () {
    this.timeout(60_000);
    const target = await createOwnDatabase();
    try {
      const file = join(folder, 'custom.dump');
      await shell(
        'pg_dump -Fc --no-owner --no-acl --no-comments -f "$FILE" "$FROM"; pg_restore --exit-on-error --no-owner -d "$TO" "$FILE"',
        {
          FROM: source.url,
          TO: target.url,
          FILE: file,
        },
      );
      expect(await migrate(target.url)).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      await shell(
        // Each dump has a random word in a line of its own.
        'schema() { pg_dump --schema-only --no-owner --no-acl "$1" | grep -v restrict; }; diff <(schema "$FROM") <(schema "$TO")',
        { FROM: source.url, TO: target.url },
      );
      const words = await target.query('SELECT slug FROM faqs WHERE words @@ to_tsquery($1, $2)', [
        'german',
        'Zeit',
      ]);
      expect(words).to.deep.equal([{ slug: 'auf' }]);
    } finally {
      await target.stop();
    }
  });
});

async function register(stack: Stack): Promise<{ id: number; access: string }> {
  const consents = { gdpr_consent: true, data_processing_consent: true };
  const account = { email: 'a@example.com', username: 'owed', password: 'correct horse', ...consents };
  const { body } = await stack.post('/auth/register', account, '');
  const { user, access_token } = body as { user: { id: number }; access_token: string };
  return { id: user.id, access: access_token };
}
