import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { expectProblem } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

type Page = { data: { id: number; content: string; message_type: string }[]; next_cursor: string | null };

describe('conversations', () => {
  const api = servedWeb();
  let user: BuiltUser;
  let stranger: BuiltUser;
  before(async () => {
    stranger = await buildUser();
  });
  beforeEach(async () => {
    user = await buildUser();
  });

  const call = (method: string, path: string, body?: unknown, token = user.access) =>
    api.call(method, `/conversations${path}`, body, { token });
  const page = async (path: string) => (await call('GET', path)).body as Page;
  const ids = (found: Page) => found.data.map(({ id }) => id);
  /** Begins conversations with one question each, oldest first. */
  const begin = async (...contents: string[]) => {
    const begun: number[] = [];
    for (const content of contents) begun.push((await send(api, user, { content })).conversation_id);
    return begun;
  };

  it('show exactly the fields of the contract', async () => {
    const [id] = await begin('Hi');
    const { status, body } = await call('GET', `/${id}`);
    expect(status).to.equal(200);
    expect(Object.keys(body).join(' ')).to.equal(
      'id user_id assistant_id title language context tags message_count duration_seconds total_tokens is_active is_archived status agent handoff_reason outcome available_at created_at updated_at last_message_at',
    );
    expect(body).to.deep.include({
      id,
      user_id: user.id,
      title: null,
      tags: [],
      message_count: 2,
      is_active: true,
    });
  });

  describe('the list', () => {
    it('has the latest activity first, in pages without gap or duplicate', async () => {
      const [a, b, c, d, e] = await begin('1', '2', '3', '4', '5');
      await send(api, user, { conversation_id: b });
      // Equal to the microsecond, so the id decides.
      await knex('conversations')
        .whereIn('id', [c!, d!])
        .update({ last_message_at: '2026-01-02T03:04:05.123456Z' });
      const [first, all] = [await page('?limit=2'), await page('')];
      expect(ids(all)).to.deep.equal([b, e, a, d, c]);
      expect(all.next_cursor).to.equal(null);
      expect(ids(first)).to.deep.equal([b, e]);
      const second = await page(`?limit=2&cursor=${first.next_cursor}`);
      expect(ids(second)).to.deep.equal([a, d]);
      const third = await page(`?limit=2&cursor=${second.next_cursor}`);
      expect(ids(third)).to.deep.equal([c]);
      expect(third.next_cursor).to.equal(null);
    });

    it('keeps archived conversations apart', async () => {
      const [a, b] = await begin('1', '2');
      await call('PUT', `/${a}`, { is_archived: true });
      expect(ids(await page(''))).to.deep.equal([b]);
      expect(ids(await page('?archived=false'))).to.deep.equal([b]);
      expect(ids(await page('?archived=true'))).to.deep.equal([a]);
    });

    it("finds words in the user's own titles and messages only", async () => {
      const [a, b, c] = await begin('the quick brown fox', 'jumps over', 'a lazy dog, naïve');
      await call('PUT', `/${b}`, { title: 'Fox hunting' });
      const found = async (q: string) => ids(await page(`?q=${encodeURIComponent(q)}`));
      expect(await found('fox')).to.deep.equal([b, a]);
      expect(await found('FOX -quick')).to.deep.equal([b]);
      expect(await found('"quick brown"')).to.deep.equal([a]);
      expect(await found('lazy naïve')).to.deep.equal([c]);
      expect(await found('elephant')).to.deep.equal([]);
      for (const odd of [
        "'",
        '"',
        '((',
        'a & | !',
        ':*',
        '\\',
        '%',
        '-',
        '   ',
        '"fox',
        'or or',
        '-"',
        '-x '.repeat(66),
        '-"'.repeat(100),
      ]) {
        expect(await found(odd)).to.be.an('array');
      }
      for (const hostile of [
        "fox'; DROP TABLE messages; --",
        "' OR '1'='1",
        "fox') OR true --",
        'fox <-> :q & !!jumps:*ABC',
        '$1 :userId ? ??',
        "\\'; SELECT pg_sleep(9) --",
        '&'.repeat(200),
        '"'.repeat(199),
        '(-'.repeat(100),
      ]) {
        expect(await found(hostile), hostile).to.satisfy((all: number[]) => all.length < 3);
      }
      expect(await found('')).to.have.length(3);
      const theirs = await call('GET', '?q=fox', undefined, stranger.access);
      expect(theirs.body).to.deep.equal({ data: [], next_cursor: null });
    });

    /** A text, searches that find it, and searches that must not. */
    const parts: [text: string, finds: string[], not: string[]][] = [
      [
        '我想重置密码请帮忙',
        ['密码', '重置密码', '码', '我想', '忙', '"重置密码"', '密码 帮忙'],
        ['密我', '码密'],
      ],
      ['パスワードを再設定したいです', ['設定', 'パスワード', '再', 'ﾊﾟｽﾜｰﾄﾞ'], ['定設']],
      ['비밀번호를 재설정하고 싶어요', ['비밀', '비밀번호', '번호를', '재설정'], ['호번']],
      ['ฉันต้องการรีเซ็ตรหัสผ่าน', ['รหัส', 'รหัสผ่าน', 'ผ่าน'], ['านผ่']],
      ['The Hauptpasswort is gone', ['passwort', 'haupt', 'PASSWORT', 'uptpass', 'is'], ['passworts', 'ha']],
      ['Order A-4711-99 of 12.345,67 €', ['4711', 'A-4711-99', '711-9', '12.345', '99'], ['4712', 'a-4712']],
      [
        'Write to Max.Muster@example.org!',
        ['max.muster@example.org', 'example.org', 'muster@'],
        ['max@example'],
      ],
      [
        'Ein Café in Zürich, Straße 5, Łódź',
        ['cafe', 'CAFÉ', 'zurich', 'Zu\u0308rich', 'strasse', 'lodz', '5'],
        ['6'],
      ],
      ['Мой ПАРОЛЬ потерян, ещё раз', ['пароль', 'Парол', 'еще', 'ЕЩЁ'], ['пароли']],
      ['ΧΆΘΗΚΕ ο κωδικός', ['χαθηκε', 'ΚΩΔΙΚΌΣ'], ['κωδικοί']],
      ['أريد كَلِمَة المرور', ['كلمة', 'اريد', 'المرور'], ['مرورا']],
      ['full Ｗｉｄｔｈ ６７８', ['width', '678'], ['679']],
      ["it's 100% of_it \\ done", ["it's", '100%', 'of_it', 'it’s'], ['ofxit', 'itss']],
      [
        'Restart, then: wait (please)?',
        ['"restart then"', 'please?', '(wait)', 'wait -reset'],
        ['wait -please', '"then please"'],
      ],
      [
        'a cat or two dogs',
        ['cat -mouse', 'mouse or dogs', 'bird OR cat'],
        ['mouse or bird', 'cat mouse or bird', 'cat -dogs'],
      ],
      ['\u{1F600} smile \u{20000}\u{20001}', ['\u{1F600}', '\u{20001}'], ['\u{1F601}']],
    ];
    for (const [text, finds, not] of parts) {
      it(`finds parts of: ${text}`, async () => {
        const [id] = await begin(text);
        for (const q of finds) expect(ids(await page(`?q=${encodeURIComponent(q)}`)), q).to.deep.equal([id]);
        for (const q of not) expect(ids(await page(`?q=${encodeURIComponent(q)}`)), q).to.deep.equal([]);
      });
    }

    it('finds parts of titles, also after a change of the title', async () => {
      const [a] = await begin('x');
      await call('PUT', `/${a}`, { title: '登录问题' });
      expect(ids(await page(`?q=${encodeURIComponent('问题')}`))).to.deep.equal([a]);
      await call('PUT', `/${a}`, { title: null });
      expect(ids(await page(`?q=${encodeURIComponent('问题')}`))).to.deep.equal([]);
    });

    it('finds nothing for a search without letters or digits', async () => {
      await begin('? ! 100% "x" - or');
      for (const q of ['?', '%', '"', ' ', '-', '""', '\u200b'])
        expect(ids(await page(`?q=${encodeURIComponent(q)}`)), q).to.deep.equal([]);
    });

    it('finds the last part of the longest texts, with and without spaces', async () => {
      for (const one of ['我', 'x', '\u{20000}', 'é']) {
        const [id] = await begin(`${one.repeat(15_990 / one.length)} 末尾密码`);
        expect(ids(await page(`?q=${encodeURIComponent('密码')}`)), one).to.include(id);
      }
    });

    it('searches page by page', async () => {
      const [a, b] = await begin('same word', 'same word');
      const first = await page('?q=word&limit=1');
      expect(ids(first)).to.deep.equal([b]);
      expect(ids(await page(`?q=word&limit=1&cursor=${first.next_cursor}`))).to.deep.equal([a]);
    });

    const refused: [string, string][] = [
      ...['0', '101', '1000000000', '1e9', '99999999999999999999', '-1', '1.5', 'x', ''].map(
        (limit): [string, string] => [`limit=${limit}`, '/limit'],
      ),
      // Other forms of numbers that would do.
      ...['1e1', '0x10', '%2B5', '+5', '5%20', '5.0', '05', 'true'].map((limit): [string, string] => [
        `limit=${limit}`,
        '/limit',
      ]),
      ['archived=maybe', '/archived'],
      ['archived=1', '/archived'],
      [`q=${'x'.repeat(201)}`, '/q'],
      [`q=${'x'.repeat(10_240)}`, '/q'],
      ['q=%00', '/q'],
      ['q=a&q=b', '/q'],
      ['limit=1&limit=2', '/limit'],
      ['more=1', '/more'],
    ];
    for (const [query, path] of refused) {
      it(`refuses ${query.slice(0, 20)}`, async () => {
        expectProblem(await call('GET', `?${query}`), 400, 'validation_failed', path);
      });
    }
  });

  describe('cursors', () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const madeUp = [
      'x',
      'null',
      '%F0%9F%98%80',
      encode(null),
      encode({}),
      encode([]),
      encode(['conversations']),
      encode(['conversations', 1]),
      encode(['conversations', 1, '1']),
      encode(['conversations', 1.5, 1]),
      encode(['conversations', 1e300, 1]),
      encode(['conversations', 1, 1, 1]),
      encode(['messages', 1, 1]),
      `${encode(['conversations', 1, 1])}=`,
    ];
    it('are refused when the server did not make them', async () => {
      const [id] = await begin('1');
      for (const cursor of madeUp) {
        expectProblem(await call('GET', `?cursor=${cursor}`), 400, 'validation_failed', 'cursor');
        expectProblem(
          await call('GET', `/${id}/messages?cursor=${cursor}`),
          400,
          'validation_failed',
          'cursor',
        );
      }
      expectProblem(await call('GET', '?cursor='), 400, 'validation_failed');
      expectProblem(await call('GET', `?cursor=${'A'.repeat(201)}`), 400, 'validation_failed');
    });

    it('are refused by another list than their own', async () => {
      const [id] = await begin('1', '2');
      const { next_cursor } = await page('?limit=1');
      expectProblem(
        await call('GET', `/${id}/messages?cursor=${next_cursor}`),
        400,
        'validation_failed',
        'cursor',
      );
    });

    it('are refused with other filters or another order than those of their page', async () => {
      const [id] = await begin('same word', 'same word');
      const { next_cursor } = await page('?q=word&limit=1');
      for (const query of ['', 'q=other', 'q=word&archived=true', 'archived=true'])
        expectProblem(
          await call('GET', `?${query}&cursor=${next_cursor}`),
          400,
          'validation_failed',
          'cursor',
        );
      const newest = await page(`/${id}/messages?order=desc&limit=1`);
      for (const query of ['order=asc', 'limit=1'])
        expectProblem(
          await call('GET', `/${id}/messages?${query}&cursor=${newest.next_cursor}`),
          400,
          'validation_failed',
          'cursor',
        );
    });

    it('hold for another limit, for a default that is spelt out, and for any order of the fields', async () => {
      await begin('same word', 'same word', 'same word');
      const { next_cursor } = await page('?q=word&archived=false&limit=1');
      expect((await page(`?cursor=${next_cursor}&limit=2&q=word`)).data).to.have.length(2);
    });

    it('of an earlier release, which name the list alone, still work', async () => {
      await begin('1', '2');
      const { next_cursor } = await page('?limit=1');
      const [name, ...place] = JSON.parse(Buffer.from(next_cursor ?? '', 'base64url').toString());
      const old = encode([name.split(' ')[0], ...place]);
      expect(ids(await page(`?limit=1&cursor=${old}`))).to.deep.equal(
        ids(await page(`?limit=1&cursor=${next_cursor}`)),
      );
    });

    it('find nothing with numbers at their limits', async () => {
      for (const n of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
        expect((await call('GET', `?cursor=${encode(['conversations', n, n])}`)).status).to.equal(200);
      }
    });
  });

  describe('messages', () => {
    it('come oldest first by default, in pages, with exactly the fields of the contract', async () => {
      const { conversation_id, message_id } = await send(api, user, { content: '1' });
      await send(api, user, { conversation_id, content: '2' });
      const path = `/${conversation_id}/messages`;
      const all = await page(path);
      const said = all.data.map((m) => `${m.message_type}: ${m.content}`);
      expect(said).to.deep.equal(['user: 1', 'assistant: ', 'user: 2', 'assistant: ']);
      expect(Object.keys(all.data[0]!).join(' ')).to.equal(
        'id conversation_id user_id content message_type status run_id tokens_used model_used response_time_ms metadata created_at delivered_at read_at replaces_id replaced_by feedback agent',
      );
      expect(all.data[0]!.id).to.equal(message_id);
      for (const order of ['asc', 'desc']) {
        const first = await page(`${path}?order=${order}&limit=3`);
        const second = await page(`${path}?order=${order}&limit=3&cursor=${first.next_cursor}`);
        const expected = order === 'asc' ? ids(all) : ids(all).toReversed();
        expect([...ids(first), ...ids(second)]).to.deep.equal(expected);
        expect(second.next_cursor).to.equal(null);
      }
    });

    it('refuse invalid queries', async () => {
      const [id] = await begin('1');
      for (const query of [
        'order=up',
        'limit=0',
        'limit=101',
        'limit=1000000000',
        'q=x',
        'order=asc&order=desc',
      ])
        expectProblem(await call('GET', `/${id}/messages?${query}`), 400, 'validation_failed');
    });
  });

  describe('PUT', () => {
    it('changes the given fields and leaves the rest', async () => {
      const [id] = await begin('1');
      const { status, body } = await call('PUT', `/${id}`, {
        title: "O'Brien\\😀",
        tags: ['a,b', '"c"', '{}'],
      });
      expect(status).to.equal(200);
      expect(body).to.deep.include({ title: "O'Brien\\😀", tags: ['a,b', '"c"', '{}'], language: 'en' });
      const again = await call('PUT', `/${id}`, { language: 'de', tags: [], title: null });
      expect(again.body).to.deep.include({ title: null, tags: [], language: 'de', is_archived: false });
      expect((await call('PUT', `/${id}`, {})).body).to.deep.include({ language: 'de' });
    });

    const refused: [string, unknown][] = [
      ['a title of 256 characters', { title: 'x'.repeat(256) }],
      ['an empty title', { title: '' }],
      ['a title of two lines', { title: 'a\nb' }],
      ['a title that turns the text behind it', { title: 'a\u202eb' }],
      ['a tag that turns the text behind it', { tags: ['a\u2067'] }],
      ['a title that is not a text', { title: 1 }],
      ['tags that are text', { tags: 'a' }],
      ['a tag that is not a text', { tags: [1] }],
      ['a tag null', { tags: [null] }],
      ['a tag twice', { tags: ['a', 'a'] }],
      ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => String(i)) }],
      ['a tag of 51 characters', { tags: ['x'.repeat(51)] }],
      ['a language that is none', { language: 'english please' }],
      ['is_archived as text', { is_archived: 'true' }],
      ['is_archived null', { is_archived: null }],
      ['fields that are ours', { user_id: 1 }],
      ['NUL', { title: 'a\0' }],
      ['a list', []],
    ];
    for (const [what, body] of refused) {
      it(`refuses ${what}`, async () => {
        const [id] = await begin('1');
        expectProblem(await call('PUT', `/${id}`, body), 400, 'validation_failed');
      });
    }
  });

  describe('DELETE', () => {
    it('cancels the runs, and conversation and runs are 404 afterwards', async () => {
      const head = await send(api, user);
      const next = await send(api, user, { conversation_id: head.conversation_id });
      await playWorker(user, head);
      expect((await call('DELETE', `/${head.conversation_id}`)).status).to.equal(204);

      const runs = await knex('runs').where({ conversation_id: head.conversation_id }).orderBy('id');
      expect(runs.map(({ status }) => status)).to.deep.equal(['in_progress', 'cancelled']);
      expect(runs[0].cancel_requested_at).to.be.an.instanceOf(Date);
      const path = `/${head.conversation_id}`;
      for (const gone of [
        await call('GET', path),
        await call('GET', `${path}/messages`),
        await call('PUT', path, { title: 'x' }),
        await call('DELETE', path),
        await api.call('GET', `/runs/${head.run_id}`, undefined, { token: user.access }),
        await api.call('GET', `/runs/${next.run_id}/events`, undefined, { token: user.access }),
        await api.call('POST', `/runs/${head.run_id}/cancel`, undefined, { token: user.access }),
        await api.call(
          'POST',
          '/chat/send',
          { content: 'x', conversation_id: head.conversation_id },
          { token: user.access },
        ),
      ])
        expectProblem(gone, 404, 'not_found');
      expect(ids(await page(''))).to.deep.equal([]);
      expect(ids(await page('?q=Hi'))).to.deep.equal([]);
    });
  });

  it("answer 404 for someone else's and for invalid ids, and 401 without a token", async () => {
    const [id] = await begin('1');
    const routes: [string, string, unknown?][] = [
      ['GET', ''],
      ['GET', '/messages'],
      ['PUT', '', { title: 'mine' }],
      ['DELETE', ''],
    ];
    for (const [method, rest, body] of routes) {
      expectProblem(await call(method, `/${id}${rest}`, body, stranger.access), 404, 'not_found');
      for (const none of ['0', '-1', 'x', '1.5', '9007199254740993', '99999999999999999999'])
        expectProblem(await call(method, `/${none}${rest}`, body), 404, 'not_found');
      expect((await api.call(method, `/conversations/${id}${rest}`, body)).status).to.equal(401);
    }
    expect((await call('GET', `/${id}`)).body.title).to.equal(null);
  });
});
