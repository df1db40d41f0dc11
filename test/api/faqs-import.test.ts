import { once } from 'node:events';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { escapeFormula, unescapeFormula } from '../../shared/knowledge/import/formulas.ts';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { importsToDeliver } from '../../db/models/faqImport.ts';
import { queues } from '../../shared/delivery/queues.ts';
import type { Answer, Api } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { bringImport, serveImports, workImport } from '../support/imports.ts';
import { itNative } from '../support/native.ts';
import { until } from '../support/until.ts';

type Import = Record<string, number> & {
  status: string;
  errors: { line: number; errors: { message: string }[] }[];
};

describe('importing FAQs', () => {
  let api: Api;
  let agent: BuiltUser;
  serveImports((begun) => ({ api, agent } = begun));

  const upload = (body: unknown, { type = 'text/csv', query = '', headers = {}, as = agent } = {}) =>
    api.call('POST', `/faqs/import${query}`, body, {
      token: as.access,
      headers: { 'content-type': type, ...headers },
    });
  const look = async (id: unknown): Promise<Import> =>
    (await api.call('GET', `/faqs/imports/${id}`, undefined, { token: agent.access })).body as Import;
  /** Uploads, runs the job and returns the import. */
  const bring = async (body: unknown, options: object = {}): Promise<Import> =>
    (await bringImport(api, agent, body, options)) as Import;
  const exported = async () => {
    const headers = { authorization: `Bearer ${agent.access}` };
    return (await fetch(`${api.url}/api/v1/faqs/export`, { headers })).text();
  };
  const questions = () => knex('faqs').orderBy('id').pluck('question');
  async function expectRefused(
    answer: Answer | Promise<Answer>,
    status: number,
    code: string,
    detail?: RegExp,
  ) {
    const { body, ...rest } = await answer;
    expect([rest.status, body.code], JSON.stringify(body)).to.deep.equal([status, code]);
    if (detail) expect(body.detail).to.match(detail);
    expect(await knex('faq_imports').pluck('id')).to.deep.equal([]);
  }

  it('imports a JSON array in the background, and notifies the importer', async () => {
    await knex('faq_categories').insert({ name: 'Shop', slug: 'shop' });
    const faqs = [
      { question: 'One, "quoted"?', answer: 'Yes [really] {so}', category: 'shop', keywords: ['a', 'b'] },
      { question: 'Two?', answer: 'No\\', status: 'published', priority: 3, slug: 'two', language: 'de' },
    ];
    const taken = await upload(faqs, { type: 'application/json' });
    expect(taken.status).to.equal(202);
    const { import_id } = taken.body;
    expect(taken.body).to.deep.equal({ import_id, status: 'queued' });
    expect(taken.headers.get('location')).to.equal(`/api/v1/faqs/imports/${import_id}`);
    expect(await look(import_id)).to.deep.include({ status: 'queued', total: 2, processed: 0 });
    expect(await questions()).to.deep.equal([]);

    const device = await connectDevice(api.url, agent.access);
    const told = once(device.socket as unknown as EventTarget & NodeJS.EventEmitter, 'faq.import');
    await workImport(import_id);
    expect((await told)[0]).to.deep.equal({
      import_id,
      status: 'completed',
      total: 2,
      processed: 2,
      imported: 2,
      failed: 0,
    });
    device.close();
    expect(await look(import_id)).to.deep.include({ status: 'completed', imported: 2, errors: [] });
    const [one, two] = await knex('faqs').orderBy('id');
    expect(one).to.deep.include({
      question: 'One, "quoted"?',
      keywords: ['a', 'b'],
      status: 'draft',
      slug: 'one-quoted',
    });
    expect(one.category_id).to.be.a('number');
    expect(two).to.deep.include({
      answer: 'No\\',
      priority: 3,
      slug: 'two',
      language: 'de',
      status: 'published',
    });
    expect(two.published_at).to.be.a('date');
  });

  it('exports as CSV what it imported as CSV', async () => {
    await knex('faq_categories').insert({ name: 'Shop', slug: 'shop' });
    const csv = [
      '\uFEFFquestion,answer,category,keywords,language,status,priority,slug,meta_title,meta_description',
      '"Where, ""exactly""?","Line one\nline two; ünïcödé 🙂",shop,a|b c,de,published,-4,where,=1+1,Meta',
      'Second?,Answer,,,en,draft,0,second,,',
      '',
    ].join('\n');
    expect(await bring(csv)).to.deep.include({ status: 'completed', imported: 2, failed: 0 });
    const exported = await fetch(`${api.url}/api/v1/faqs/export`, {
      headers: { authorization: `Bearer ${agent.access}` },
    });
    expect(exported.headers.get('content-type')).to.match(/^text\/csv/);
    expect(exported.headers.get('content-disposition')).to.contain('faqs.csv');
    const text = await exported.text();
    expect(`\uFEFF${text}`).to.equal(csv.replace('=1+1', "'=1+1"));
    await knex('faqs').delete();
    expect(await bring(text)).to.deep.include({ imported: 2 });
  });

  it('reports errors line by line, and imports the rest', async () => {
    await knex('faqs').insert({ question: 'q', answer: 'a', slug: 'taken' });
    const csv = [
      'question,answer,slug,priority,category,status',
      'Good?,Yes,,,,',
      ',No question,,,,',
      'Too few fields',
      'Bad priority?,x,,high,,',
      'Bad slug?,x,Not A Slug,,,',
      'Taken?,x,taken,,,',
      'Twice?,x,twice,,,',
      'Twice?,x,twice,,,',
      'No category?,x,,,nowhere,',
      'Bad status?,x,,,,public',
      'Good?,The same question again,,,,',
    ].join('\n');
    const { errors, ...rest } = await bring(csv);
    expect(rest).to.deep.include({ status: 'completed', total: 11, processed: 11, imported: 3, failed: 8 });
    const messages = errors.map(
      ({ line, errors: [first] }) => `${line} ${(first as { path?: string }).path} ${first?.message}`,
    );
    expect(messages.map((message) => message.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      '3 /question',
      '4 ',
      '5 /priority',
      '6 /slug',
      '7 /slug',
      '9 /slug',
      '10 /category',
      '11 /status',
    ]);
    expect(messages[1]).to.contain('must be 6 fields, not 1');
    expect(messages[4]).to.contain('is taken');
    expect(await questions()).to.deep.equal(['q', 'Good?', 'Twice?', 'Good?']);
  });

  it('names the lines of faults as the items of JSON do', async () => {
    const type = { type: 'application/json' };
    const { errors, ...rest } = await bring(
      [
        { line: 2, question: 'Good?', answer: 'Yes' },
        { line: 5, question: 'No answer?' },
        { question: 'Nor this?' },
        { line: 0, question: 'Bad line?', answer: 'x' },
        { line: 9, question: 'Last?', answer: 'x', status: 'public' },
      ],
      type,
    );
    expect(rest).to.deep.include({ total: 5, imported: 1, failed: 4 });
    expect(
      errors.map(({ line, errors: [first] }) => `${line} ${(first as { path?: string }).path}`),
    ).to.deep.equal(['5 /answer', '6 /answer', '7 /line', '9 /status']);
    const { status, body } = await upload(
      [
        { line: 3, question: 'a', answer: 'b' },
        { line: 3, question: 'c', answer: 'd' },
      ],
      type,
    );
    expect(status).to.equal(400);
    expect(body.detail).to.contain('Item 2: `line` must be greater');
    expect(await questions()).to.deep.equal(['Good?']);
  });

  it('imports all or nothing on request', async () => {
    await knex('faqs').insert({ question: 'q', answer: 'a', slug: 'taken' });
    const before = await faqSet();
    const lines = Array.from({ length: 700 }, (_, i) => ({ question: `Question ${i}?`, answer: 'x' }));
    const options = { type: 'application/json', query: '?all_or_nothing=true' };
    const late = await bring([...lines, { question: 'x', answer: 'y', slug: 'taken' }], options);
    expect(late).to.deep.include({ status: 'failed', total: 701, processed: 701, imported: 0, failed: 1 });
    const early = await bring([{ question: 'x' }, ...lines], options);
    expect(early).to.deep.include({ status: 'failed', imported: 0, failed: 1 });
    expect(await questions()).to.deep.equal(['q']);
    expect(await faqSet()).to.deep.equal(before);

    expect(await bring(lines, options)).to.deep.include({ status: 'completed', imported: 700 });
    expect(await faqSet()).not.to.deep.equal(before);
  });

  it('imports each line once, however often its job is delivered', async () => {
    const lines = Array.from({ length: 1_200 }, (_, i) => ({ question: `Question ${i}?`, answer: 'x' }));
    const { body } = await upload(lines, { type: 'application/json' });
    await Promise.all([workImport(body.import_id), workImport(body.import_id)]);
    await workImport(body.import_id);
    expect(await look(body.import_id)).to.deep.include({ status: 'completed', imported: 1_200, failed: 0 });
    expect(await questions()).to.have.length(1_200);
  });

  it('is owed until it ends, and its job carries only an id', async () => {
    const { body } = await upload([{ question: 'a', answer: 'b' }], { type: 'application/json' });
    expect(await importsToDeliver(0)).to.deep.equal([body.import_id]);
    await queues.faq_import.obliterate({ force: true });
    expect(await importsToDeliver(60_000)).to.deep.equal([]);
    await workImport(body.import_id);
    expect(await importsToDeliver(0)).to.deep.equal([]);
  });

  it('refuses an unreadable file and keeps nothing of it', async () => {
    const csv = (text: string | Uint8Array) => upload(text);
    await expectRefused(csv(''), 400, 'validation_failed', /empty/);
    await expectRefused(csv('question,answer\n'), 400, 'validation_failed', /no FAQs/);
    await expectRefused(csv('quest;answer\na;b'), 400, 'validation_failed', /lacks the column question/);
    await expectRefused(
      csv('question,answer,colour\na,b,c'),
      400,
      'validation_failed',
      /unknown column colour/,
    );
    await expectRefused(csv('question,answer,answer\na,b,c'), 400, 'validation_failed', /twice/);
    await expectRefused(
      csv('question,answer\n"never closed,b\n'),
      400,
      'validation_failed',
      /quote is not closed/,
    );
    await expectRefused(csv('question,answer\na"b,c\n'), 400, 'validation_failed', /Line 2: a quote/);
    await expectRefused(csv(gzipSync('question,answer\na,b')), 400, 'validation_failed', /UTF-8/);
    const json = (text: unknown) => upload(text, { type: 'application/json' });
    await expectRefused(json('{"question":"a"}'), 400, 'validation_failed', /must be a JSON array/);
    await expectRefused(json('[]'), 400, 'validation_failed', /no FAQs/);
    for (const broken of ['[', '[{"question":"a","answer":"b"}', '[{"a":1},]', '[1 2]', '[{"a":1}] x', ''])
      await expectRefused(json(broken), 400, 'malformed_json');
    const user = await buildUser();
    await expectRefused(upload('question,answer\na,b', { as: user }), 403, 'forbidden');
  });

  it('refuses what says that it is neither JSON nor CSV', async () => {
    const csv = 'question,answer\na,b';
    for (const type of [
      'application/xml',
      'image/svg+xml',
      'text/html',
      'multipart/form-data; boundary=x',
      'application/pdf',
    ])
      await expectRefused(upload(csv, { type }), 415, 'unsupported_media');
    for (const type of ['text/plain', 'application/octet-stream', 'application/vnd.ms-excel'])
      expect(await bring(csv, { type })).to.deep.include({ imported: 1 });
  });

  it('accepts compressed uploads and refuses bombs', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await bring(gzipSync('question,answer\na,b'), { headers })).to.deep.include({ imported: 1 });
    await knex('faq_imports').delete();
    const wide = gzipSync(`question,answer\na,"${'x'.repeat(60_000_000)}"`);
    await expectRefused(upload(wide, { headers }), 400, 'validation_failed', /too long/);
    await expectRefused(upload('not gzip', { headers }), 400, 'bad_request');
  });

  itNative('refuses a million lines, however small they are', async () => {
    const bomb = gzipSync(`question,answer\n${'a,b\n'.repeat(1_000_000)}`);
    const headers = { 'content-encoding': 'gzip' };
    await expectRefused(upload(bomb, { headers }), 400, 'validation_failed', /at most 100000/);
  }).timeout(60_000);

  it('refuses more than 50 MB before it has arrived', async () => {
    const { hostname, port } = new URL(api.url);
    const req = request({
      hostname,
      port,
      method: 'POST',
      path: '/api/v1/faqs/import',
      headers: {
        authorization: `Bearer ${agent.access}`,
        'content-type': 'text/csv',
        'content-length': 52_428_801,
      },
    });
    req.on('error', () => {});
    req.flushHeaders();
    const [res] = await once(req, 'response');
    expect(res.statusCode).to.equal(413);
    req.destroy();
  });

  /** Begins an upload that goes no further than its first line. */
  function begin(as: BuiltUser) {
    const { hostname, port } = new URL(api.url);
    const headers = {
      authorization: `Bearer ${as.access}`,
      'content-type': 'text/csv',
      'content-length': 1_000_000,
    };
    const req = request({ hostname, port, method: 'POST', path: '/api/v1/faqs/import', headers });
    req.on('error', () => {});
    req.write('question,answer\na,b\n');
    return req;
  }

  it('takes five uploads of a user at a time, ten of all, and another when one has ended', async () => {
    const begun = async (count: number) =>
      until(`${count} uploads`, async () => (await knex('faq_imports').pluck('id')).length === count);
    const [other, third] = [await buildUser({ role: 'agent' }), await buildUser({ role: 'admin' })];
    const open = Array.from({ length: 5 }, () => begin(agent));
    await begun(5);
    const small = 'question,answer\nWhere?,There.\n';
    const refused = await upload(small);
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited']);
    expect(refused.headers.get('retry-after')).to.equal('5');
    open.push(...Array.from({ length: 5 }, () => begin(other)));
    await begun(10);
    const full = await upload(small, { as: third });
    expect([full.status, full.body.code]).to.deep.equal([503, 'service_unavailable']);
    open.shift()?.destroy();
    await begun(9);
    expect((await upload(small)).status).to.equal(202);
    for (const req of open) req.destroy();
    await begun(1);
  });

  it('deletes an upload that broke off', async () => {
    const req = begin(agent);
    const begun = async () => (await knex('faq_imports').pluck('id')).length;
    while ((await begun()) === 0) await new Promise((wait) => setTimeout(wait, 10));
    req.destroy();
    while ((await begun()) === 1) await new Promise((wait) => setTimeout(wait, 10));
  });

  itNative('imports ten thousand lines', async () => {
    const csv = `question,answer\n${Array.from({ length: 10_000 }, (_, i) => `Question ${i}?,Answer number ${i} of many`).join('\n')}`;
    expect(await bring(csv)).to.deep.include({ status: 'completed', imported: 10_000 });
  }).timeout(120_000);

  it('exports formulas as text, and imports them unchanged', async () => {
    const answers = [
      '=HYPERLINK("http://evil.example","x")',
      '+1+1',
      '-1',
      '@SUM(A1)',
      '＝1+1',
      "'=kept",
      "''+kept",
      "'quoted'",
      "it's - fine",
    ];
    await knex('faqs').insert(answers.map((answer, i) => ({ question: `=Q${i}`, answer, slug: `q${i}` })));
    const csv = await exported();
    const cells = csv
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(',').slice(0, 2).join(','));
    for (const cell of cells) expect(cell).to.match(/^'=Q\d,("?'|it's)/);
    await knex.raw('TRUNCATE faqs CASCADE');
    expect((await bring(csv)).imported).to.equal(answers.length);
    expect(await knex('faqs').orderBy('id').pluck('answer')).to.deep.equal(answers);
    expect((await questions())[0]).to.equal('=Q0');
  });

  it('keeps every cell through an export and an import', () => {
    const start = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', '＝', '', 'a');
    fc.assert(
      fc.property(fc.array(start, { maxLength: 4 }), fc.string(), (begin, rest) => {
        const cell = begin.join('') + rest;
        expect(unescapeFormula(escapeFormula(cell))).to.equal(cell);
        expect(escapeFormula(cell)).to.not.match(/^[=+\-@\t\r\n＝＋－＠]/);
      }),
    );
  });

  it('shows an import to its importer only', async () => {
    const { body } = await upload('question,answer\na,b');
    const other = await buildUser({ role: 'admin' });
    const seen = await api.call('GET', `/faqs/imports/${body.import_id}`, undefined, { token: other.access });
    expect(seen.status).to.equal(404);
  });
});
