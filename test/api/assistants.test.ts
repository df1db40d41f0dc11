import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { type Answer, expectProblem, servedApi } from '../support/api.ts';
import { buildAssistant, buildDefault, forgetAssistants } from '../support/assistants.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';

describe('assistants', () => {
  const api = servedApi();
  let admin: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    [admin, user] = [await buildUser({ role: 'admin' }), await buildUser({ language: 'de-AT' })];
  });
  afterEach(forgetAssistants);

  const ask = (method: string, path: string, body?: unknown, who = admin): Promise<Answer> =>
    api.call(method, `/assistants${path}`, body, { token: who.access });
  const dataOf = ({ body }: Answer) => body.data as Record<string, unknown>[];

  it('have defaults, a place, and an entry in the audit log', async () => {
    const { status, headers, body } = await ask('POST', '', { name: 'Helper' });
    expect(status).to.equal(201);
    expect(headers.get('location')).to.equal(`/api/v1/assistants/${body.id}`);
    expect(body).to.deep.include({
      name: 'Helper',
      is_default: false,
      version: 1,
      instructions: '',
      instructions_by_language: {},
      model: null,
      temperature: null,
      max_completion_tokens: null,
      history_limit: null,
      knowledge: { enabled: true, category_ids: null },
      greeting: {},
      suggested_questions: {},
      handoff: { enabled: false, after_unanswered: null },
      is_archived: false,
    });
    expect((await ask('GET', `/${body.id}`)).body).to.deep.equal(body);
    const on = { target_type: 'assistant', target_id: body.id, actor_id: admin.id };
    expect(await knex('audit_entries').where(on).pluck('action')).to.deep.equal(['assistant.created']);
  });

  it('get a new version by every change, and none by what changes nothing', async () => {
    const { id } = await buildAssistant({ instructions: 'One.' });
    const changed = await ask('PUT', `/${id}`, { instructions: 'Two.', knowledge: { enabled: false } });
    expect(changed.body).to.deep.include({
      version: 2,
      instructions: 'Two.',
      name: 'Parley',
      knowledge: { enabled: false, category_ids: null },
    });
    expect((await ask('PUT', `/${id}`, { instructions: 'Two.' })).body.version).to.equal(2);
    await ask('PUT', `/${id}`, { instructions: 'Three.' });
    const first = await ask('GET', `/${id}/versions?limit=2`);
    expect(dataOf(first).map(({ version, instructions }) => [version, instructions])).to.deep.equal([
      [3, 'Three.'],
      [2, 'Two.'],
    ]);
    const second = await ask('GET', `/${id}/versions?limit=2&cursor=${first.body.next_cursor}`);
    expect(dataOf(second)[0]).to.include({ id, version: 1, instructions: 'One.' });
    expect(second.body.next_cursor).to.equal(null);
  });

  it('get a version each of changes that come at once', async () => {
    const { id } = await buildAssistant();
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => ask('PUT', `/${id}`, { name })));
    const versions = dataOf(await ask('GET', `/${id}/versions`));
    expect(versions.map(({ version }) => version)).to.deep.equal([6, 5, 4, 3, 2, 1]);
    expect(versions.map(({ name }) => name)).to.have.members([...names, 'Parley']);
  });

  it('are shown to everybody in their language, with English behind it', async () => {
    const greeting = { en: 'Hello', de: 'Hallo' };
    const { id } = await buildDefault({ greeting, suggested_questions: { en: ['Why?'] } });
    const archived = await buildAssistant({ name: 'Old' });
    await ask('DELETE', `/${archived.id}`);
    const { body } = await ask('GET', '', undefined, user);
    expect(body).to.deep.equal({
      data: [{ id, name: 'Parley', is_default: true, greeting: 'Hallo', suggested_questions: ['Why?'] }],
      next_cursor: null,
    });
    const all = dataOf(await ask('GET', '?all=true'));
    expect(all.map((one) => [one.id, one.is_archived])).to.deep.equal([
      [id, false],
      [archived.id, true],
    ]);
    expectProblem(await ask('GET', '?all=true', undefined, user), 403, 'forbidden');
  });

  it('have one default, also when two become it at once', async () => {
    const { id: before } = await buildDefault();
    const ids = [(await buildAssistant()).id, (await buildAssistant()).id];
    const answers = await Promise.all(ids.map((id) => ask('POST', `/${id}/default`)));
    expect(answers.map(({ status }) => status)).to.deep.equal([204, 204]);
    const defaults = await knex('assistants').where({ is_default: true }).pluck('id');
    expect(defaults).to.have.length(1);
    expect(ids).to.include(defaults[0]);
    expectProblem(await ask('DELETE', `/${defaults[0]}`), 409, 'conflict');
    expectProblem(await ask('PUT', `/${defaults[0]}`, { is_archived: true }), 409, 'conflict');
    expect((await ask('DELETE', `/${before}`)).status).to.equal(204);
  });

  it('once archived neither change nor become the default, until they are restored', async () => {
    const { id } = await buildAssistant();
    expect((await ask('DELETE', `/${id}`)).status).to.equal(204);
    expect((await ask('DELETE', `/${id}`)).status).to.equal(204);
    expectProblem(await ask('PUT', `/${id}`, { name: 'New' }), 409, 'conflict');
    expectProblem(await ask('POST', `/${id}/default`), 409, 'conflict');
    expect((await ask('GET', `/${id}`)).body).to.include({ is_archived: true, version: 1, name: 'Parley' });
    const back = await ask('PUT', `/${id}`, { is_archived: false, name: 'New' });
    expect(back.body).to.include({ is_archived: false, version: 2, name: 'New' });
  });

  const faults: [string, object, string][] = [
    ['no name but white space', { name: ' ' }, '/name'],
    ['instructions of 8,001 characters', { instructions: 'x'.repeat(8_001) }, '/instructions'],
    [
      '9,000 characters in one language',
      { instructions_by_language: { de: 'x'.repeat(9_000) } },
      '/instructions_by_language/de',
    ],
    ['a model that nobody configured', { model: 'no-such-model' }, '/model'],
    ['a placeholder that does not exist', { instructions: 'At {{ hour }}' }, '/instructions'],
    ['one in a language', { instructions_by_language: { de: '{{heute}}' } }, '/instructions_by_language/de'],
    ['an empty placeholder', { instructions: '{{}}' }, '/instructions'],
    ['a language that is none', { greeting: { 'e/n': 'Hello' } }, '/greeting/e~1n'],
    ['a language in capitals', { suggested_questions: { DE: [] } }, '/suggested_questions/DE'],
    ['a temperature beyond 2', { temperature: 2.1 }, '/temperature'],
    ['no tokens', { max_completion_tokens: 0 }, '/max_completion_tokens'],
    ['a negative history', { history_limit: -1 }, '/history_limit'],
    ['a category that is not there', { knowledge: { category_ids: [2 ** 40] } }, '/knowledge/category_ids/0'],
    ['a name of two lines', { name: 'A\nB' }, '/name'],
    ['an unknown field', { colour: 'red' }, '/colour'],
    ['a version', { version: 7 }, '/version'],
    ['an unknown field within', { handoff: { enabled: true, to: 1 } }, '/handoff/to'],
    ['handing over after no answer', { handoff: { after_unanswered: 0 } }, '/handoff/after_unanswered'],
    [
      'too many languages',
      { greeting: Object.fromEntries(Array.from({ length: 61 }, (_, i) => [`x${i}`, ''])) },
      '/greeting',
    ],
  ];
  for (const [what, fields, path] of faults)
    it(`refuse ${what}, and change nothing`, async () => {
      expectProblem(await ask('POST', '', { name: 'A', ...fields }), 400, 'validation_failed', path);
      const { id } = await buildAssistant();
      expectProblem(await ask('PUT', `/${id}`, fields), 400, 'validation_failed', path);
      expect(await knex('assistant_versions').count('* as versions').first()).to.deep.equal({ versions: 1 });
    });

  it('take the longest instructions, every placeholder, a configured model and categories', async () => {
    const [category] = await knex('faq_categories').insert({ name: 'A', slug: 'a' }).returning('id');
    const fields = {
      name: 'A',
      instructions: `{{today}} {{ user_name }}${'😀'.repeat(7_975)}`,
      model: 'openai/gpt-4.1-mini',
      knowledge: { enabled: true, category_ids: [category.id] },
    };
    const { status, body } = await ask('POST', '', fields);
    expect(status, JSON.stringify(body)).to.equal(201);
    expect(body).to.deep.include(fields);
  });

  it('are not found under unknown ids', async () => {
    for (const [method, path, body] of [
      ['GET', '/999999', undefined],
      ['GET', '/x', undefined],
      ['PUT', '/999999', {}],
      ['DELETE', '/999999', undefined],
      ['GET', '/999999/versions', undefined],
      ['POST', '/999999/default', undefined],
    ] as const)
      expectProblem(await ask(method, path, body), 404, 'not_found');
  });
});
