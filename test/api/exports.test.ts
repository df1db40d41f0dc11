import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { personalData } from '../../shared/privacy/map.ts';
import { writeExport } from '../../shared/privacy/exports.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { unzip } from '../support/unzip.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

const FILES =
  'README.html access_log.json account.json consents.json conversations.json feedback.json messages.jsonl notifications.json sessions.json';

/**
 * Columns that no file has, although the map calls them personal: what they hold is in other words there, or is of somebody
 * else.
 */
const NOT_SHOWN: Record<string, string[]> = {
  conversations: ['is_active', 'status_since', 'waiting_since', 'fate', 'channel'],
  messages: ['shown_after'],
  notifications: ['data'],
  // Others who acted are named by their role; the app shows their names (GET /users/me/access-log).
  audit_log: ['ip', 'actor_role', 'details'],
  audit_parts: ['ip', 'kind', 'details', 'field'],
};

describe('the export of an account', () => {
  const api = servedWeb();
  const ask = (user: BuiltUser) => api.call('POST', '/users/me/export', undefined, { token: user.access });
  const look = async (user: BuiltUser, id: unknown) =>
    (await api.call('GET', `/users/me/exports/${String(id)}`, undefined, { token: user.access })).body;
  const download = async (user: BuiltUser, url: unknown) =>
    fetch(`${api.url}${String(url)}`, { headers: { authorization: `Bearer ${user.access}` } });

  it('is an archive of all that is kept of its owner, and of nothing else', async () => {
    const [user, other] = [await buildUser(), await buildUser()];
    await knex('users').where({ id: user.id }).update({ language: 'de-AT' });
    for (const one of [user, other]) {
      const worker = await playWorker(one, await send(api, one, { content: `I am ${one.username}` }));
      await worker.say('Hello');
      await worker.finish();
      await worker.announce();
    }
    const [conversation] = await rows<{ id: number }>(
      'SELECT id FROM conversations WHERE user_id = :id',
      user,
    );
    await knex('conversation_notes').insert({
      conversation_id: conversation?.id,
      content: 'a note about them',
    });
    const { status, body } = await ask(user);
    expect([status, body.status]).to.deep.equal([202, 'queued']);
    expect((await ask(user)).body.id).to.equal(body.id);
    expect(await look(user, body.id)).to.include({ status: 'queued', url: null, expires_at: null });

    await writeExport(Number(body.id));
    const ready = await look(user, body.id);
    expect(ready).to.include({ status: 'ready', progress: 1 });
    const answer = await download(user, ready.url);
    expect(answer.headers.get('content-type')).to.equal('application/zip');
    const files = await unzip(Buffer.from(await answer.arrayBuffer()));
    expect(Object.keys(files).toSorted().join(' ')).to.equal(FILES);
    const named = [...(files['README.html'] ?? '').matchAll(/<a href="([^"]+)">/g)].map(([, name]) => name);
    expect([...named, 'README.html'].toSorted().join(' ')).to.equal(FILES);
    expect(files['README.html']).to.include('<html lang="de">').and.include('Ihre Daten');
    // Without it a phone shows the page as wide as a desk.
    expect(files['README.html']).to.include('<meta name="viewport" content="width=device-width');
    const messages = (files['messages.jsonl'] ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(messages.map(({ content }) => content)).to.deep.equal([`I am ${user.username}`, 'Hello']);
    for (const [name, content] of Object.entries(files))
      if (name.endsWith('.json')) expect(() => JSON.parse(content), name).to.not.throw();
    const all = Object.values(files).join('\n');
    const [{ hashed_password: secret } = { hashed_password: '' }] = await rows<{ hashed_password: string }>(
      'SELECT hashed_password FROM users WHERE id = :id',
      user,
    );
    for (const hidden of [other.username, 'a note about them', secret]) expect(all).to.not.include(hidden);

    expect((await download(other, ready.url)).status).to.equal(404);
    expect(
      (await api.call('GET', `/users/me/exports/${String(body.id)}`, undefined, { token: other.access }))
        .status,
    ).to.equal(404);
    const told = await rows('SELECT kind FROM notifications WHERE user_id = :id', user);
    expect(told).to.deep.include({ kind: 'export_ready' });
    expect((await ask(user)).body.id).to.not.equal(body.id);
  });

  it('takes the place of the earlier ones, and is asked for twenty times an hour', async () => {
    const user = await buildUser();
    const made: number[] = [];
    for (let i = 0; i < 2; i += 1) {
      made.push(Number((await ask(user)).body.id));
      await writeExport(made[i] ?? 0);
    }
    const shown = await Promise.all(made.map((id) => look(user, id)));
    expect(shown.map(({ status }) => status)).to.deep.equal([404, 'ready']);
    const more = [];
    for (let i = 0; i < 19; i += 1) more.push((await ask(user)).status);
    expect(more).to.deep.equal([...Array<number>(18).fill(202), 429]);
  });

  it('is cut off where a piece is removed while it is downloaded', async () => {
    const user = await buildUser();
    const id = Number((await ask(user)).body.id);
    await writeExport(id);
    await knex('export_chunks').insert({ export_id: id, seq: 2, bytes: Buffer.from('after a hole') });
    const { url } = await look(user, id);
    const failed = () =>
      download(user, url)
        .then((answer) => answer.arrayBuffer())
        .then(
          () => undefined,
          (err: Error) => err.message,
        );
    expect(await failed()).to.equal('terminated');
    await knex('export_chunks').where({ export_id: id }).delete();
    expect(await failed()).to.be.oneOf(['terminated', 'fetch failed']);
  });

  it('begins anew after a worker that died, and takes no piece of one that was only slow', async () => {
    const user = await buildUser();
    const { body } = await ask(user);
    const id = Number(body.id);
    await rows(
      `UPDATE exports SET status = 'running', attempt = 1, lease_until = now() - interval '1 s' WHERE id = :id`,
      { id },
    );
    await knex('export_chunks').insert({ export_id: id, seq: 0, bytes: Buffer.from('half') });
    const { addPiece } = await import('../../db/models/export.ts');
    await writeExport(id);
    expect(await addPiece(id, 1, { seq: 99, bytes: Buffer.from('late'), progress: 0.5 })).to.equal(false);
    const answer = await download(user, (await look(user, id)).url);
    expect(Object.keys(await unzip(Buffer.from(await answer.arrayBuffer()))).length).to.equal(9);
  });

  it('has a file for each table that the map of personal data says is exported, with its columns', async () => {
    const user = await buildUser();
    await knex('users').where({ id: user.id }).update({ marketing_consent: true, first_name: 'Ada' });
    const sent = await send(api, user, { content: 'everything', metadata: { a: 1 } });
    const worker = await playWorker(user, sent);
    await worker.say('Hello');
    await worker.finish();
    const { conversation_id, reply_id } = sent;
    const token = user.access;
    await api.call('POST', `/messages/${reply_id}/feedback`, { rating: 'up', comment: 'good' }, { token });
    await api.call(
      'POST',
      `/conversations/${conversation_id}/rating`,
      { score: 5, comment: 'great' },
      { token },
    );
    const [faq] = await knex('faqs')
      .insert({
        question: 'Why?',
        answer: 'So.',
        slug: 'exported',
        status: 'published',
        published_at: new Date(),
      })
      .returning('id');
    await api.call('POST', `/faqs/${faq.id}/feedback`, { helpful: true }, { token });
    await knex('notifications').insert({ kind: 'answer_ready', user_id: user.id, shown_at: new Date() });
    await api.call('PATCH', '/users/me', { language: 'de' }, { token });
    const [other, endpoint] = [await buildUser(), `https://push.example.org/${user.id}`];
    for (const { id, sid } of [user, other])
      await knex('push_subscriptions').insert({
        user_id: id,
        session_id: sid,
        endpoint: `https://push.example.org/${id}`,
        p256dh: 'a key',
        auth: 'a secret',
      });
    const wanted = { answer_ready: { email: false }, quiet_hours: { from: '22:00', to: '07:00' } };
    expect((await api.call('PUT', '/users/me/notifications', wanted, { token })).status).to.equal(200);
    const { body } = await ask(user);
    await writeExport(Number(body.id));
    const answer = await download(user, (await look(user, body.id)).url);
    const files = await unzip(Buffer.from(await answer.arrayBuffer()));
    const read = (file: string): unknown => {
      const text = files[file] ?? '';
      return file.endsWith('.jsonl')
        ? text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as unknown)
        : JSON.parse(text);
    };
    const [signedIn] = read('sessions.json') as { pushes: unknown }[];
    expect(signedIn?.pushes).to.deep.equal([{ endpoint }]);
    /** Every name of a field in a file, however deep. */
    const fieldsOf = (value: unknown): string[] =>
      Array.isArray(value)
        ? value.flatMap(fieldsOf)
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner)])
          : [];
    const named = new Set(Object.values(personalData).flatMap(({ exported }) => exported ?? []));
    expect([...named, 'README.html'].toSorted()).to.deep.equal(Object.keys(files).toSorted());
    for (const [table, { exported, columns }] of Object.entries(personalData)) {
      if (exported === undefined) continue;
      const fields = new Set(fieldsOf(read(exported)));
      const personal = [columns.identity, columns.content, columns.behaviour].flatMap(
        (names) => names?.split(' ') ?? [],
      );
      expect(
        personal.filter((name) => !fields.has(name) && !NOT_SHOWN[table]?.includes(name)),
        `${table} in ${exported}`,
      ).to.deep.equal([]);
      for (const secret of columns.secret?.split(' ') ?? [])
        expect(fields.has(secret), `${table}.${secret}`).to.equal(false);
    }
  });

  it('is not found after seven days', async () => {
    const user = await buildUser();
    const { body } = await ask(user);
    await writeExport(Number(body.id));
    await rows(`UPDATE exports SET expires_at = now() - interval '1 s' WHERE id = :id`, {
      id: Number(body.id),
    });
    expect((await look(user, body.id)).code).to.equal('not_found');
  });
});
