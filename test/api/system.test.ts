import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { beat } from '../../shared/delivery/processes.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { settingsInForce } from '../../shared/ops/settings.ts';
import { withoutKeys } from '../../shared/provider/withoutKeys.ts';
import type { Api } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildSession, buildUser } from '../support/factories.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { until } from '../support/until.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

describe('what the panel asks of the API', () => {
  let api: Api;
  let provider: Provider;
  let admin: BuiltUser;
  let agent: BuiltUser;
  before(async () => {
    provider = await startProvider();
    await untilReady(redis);
    api = await serveWeb();
    admin = await buildUser({ role: 'admin' });
    agent = await buildUser({ role: 'agent' });
  });
  after(async () => {
    await api.close();
    await provider.stop();
  });
  const ask = (method: string, path: string, body?: unknown, by = admin) =>
    api.call(method, path, body, { token: by.access });

  it('lists the processes that run, with their release', async () => {
    beat(['context', 'completion']);
    type Listed = { types: string[]; version: string; pid: number };
    const { types, version, pid } = await until('the process is listed', async () => {
      const { body } = await ask('GET', '/system');
      return (body.processes as Listed[]).find((one) => one.types.includes('context'));
    });
    expect({ types, pid }).to.deep.equal({ types: ['context', 'completion'], pid: process.pid });
    expect(version).to.match(/^\d+\.\d+\.\d+$/);
  });

  it('shows settings with their source, and never a secret', async () => {
    const { body } = await ask('GET', '/system');
    const shown = JSON.stringify(body);
    const settings = body.settings as { name: string; value: string | null; source: string }[];
    expect(settings.find(({ name }) => name === 'HISTORY_LIMIT')).to.deep.equal({
      name: 'HISTORY_LIMIT',
      value: '10',
      source: 'default',
    });
    expect(settings.find(({ name }) => name === 'JWT_SECRET')).to.include({
      value: null,
      source: 'environment',
    });
    for (const name of ['JWT_SECRET', 'DATABASE_URL', 'REDIS_URL', 'OPENAI_API_KEY']) {
      const secret = process.env[name];
      // A word such as `test` is also part of other values.
      if (secret && secret.length > 8) expect(shown, name).to.not.contain(secret);
    }
    expect(settingsInForce().map(({ name }) => name)).to.include.members(['PORT', 'CHAT_MODEL', 'DATA_KEYS']);
  });

  it('says what is owed, how large tables are, and that no migration is missing', async () => {
    const { body } = await ask('GET', '/system');
    expect(body.migrations).to.include({ pending: 0 });
    expect(body.storage).to.have.property('bytes').above(0);
    expect((body.storage as { tables: unknown[] }).tables).to.have.length(12);
    expect(body.owed).to.have.all.keys(
      'waiting',
      'queued',
      'in_progress',
      'oldest_s',
      'unannounced',
      'faqs',
      'faqs_to_embed',
    );
    expect((body.queues as { name: string }[]).map(({ name }) => name)).to.include('completion');
  });

  it('asks each model once', async () => {
    const { status, body } = await ask('POST', '/system/models');
    expect(status).to.equal(200);
    expect((body.lines as string[]).join('\n'))
      .to.contain('dimensions')
      .and.contain('first token after');
  });

  it('hides keys that a provider repeats, also those of headers and queries', () => {
    const sent = { key: 'none', headers: { 'x-key': 'header-secret' }, query: { sig: 'query-secret' } };
    const said = withoutKeys('none: header-secret and query-secret are refused', [sent]);
    expect(said).to.equal('none: … and … are refused');
  });

  it('shows and ends sign-ins of somebody, with entries in the audit log', async () => {
    const user = await buildUser();
    const { sid } = await buildSession(user);
    const { body } = await ask('GET', `/users/${user.id}/sessions`);
    expect((body.data as { id: number }[]).map(({ id }) => id)).to.deep.equal([sid, user.sid]);
    expect((await ask('DELETE', `/users/${user.id}/sessions/${sid}`)).status).to.equal(204);
    expect((await ask('DELETE', `/users/${user.id}/sessions/${sid}`)).status).to.equal(404);
    expect((await ask('DELETE', `/users/${user.id}/sessions/${admin.sid}`)).status).to.equal(404);
    const noted = await knex('audit_entries')
      .where({ subject_id: user.id, actor_id: admin.id })
      .pluck('action');
    expect(noted).to.include.members(['user.sessions_viewed', 'session.ended']);
  });

  it('verifies the chain of the audit log, and exports what was asked for', async () => {
    const user = await buildUser();
    await ask('GET', `/users/${user.id}`);
    const { body } = await ask('POST', '/audit/verify', {});
    expect(body).to.include({ sound: true, fault: null });
    const unknown = await ask('POST', '/audit/verify', { head: 'ab'.repeat(32) });
    expect(unknown.body).to.include({ sound: false, fault: 'unknown_head' });
    const answer = await fetch(`${api.url}/api/v1/audit/export?subject_id=${user.id}`, {
      headers: { authorization: `Bearer ${admin.access}` },
    });
    expect(answer.headers.get('content-disposition')).to.contain('audit.csv');
    const lines = (await answer.text()).trim().split('\r\n');
    expect(lines[0]).to.contain('id,at,actor_id');
    expect(lines).to.have.length(2);
    expect(lines[1]).to.contain('user.viewed');
  });

  it('shows an agent who asks, what they asked before, and what answers cite', async () => {
    const user = await buildUser({ language: 'de' });
    const sent = await send(api, user, { content: 'When?' });
    const worker = await playWorker(user, sent);
    await worker.say('At nine [1].');
    await worker.finish({ sources: [{ faq_id: 5, question: 'Hours', similarity: 0.8 }] });
    const path = `/inbox/${sent.conversation_id}`;
    const { body } = await ask('GET', `${path}/person`, undefined, agent);
    expect(body.person).to.include({ id: user.id, language: 'de', data_processing_consent: true });
    expect(body.conversations).to.have.length(1);
    const opened = await ask('GET', path, undefined, agent);
    expect(opened.body.cited).to.deep.equal([
      { run_id: sent.run_id, sources: [{ faq_id: 5, question: 'Hours', similarity: 0.8 }] },
    ]);
    const noted = await knex('audit_entries')
      .where({ subject_id: user.id, actor_id: agent.id })
      .pluck('action');
    expect(noted).to.include('user.viewed');
  });

  it('tells agents, and nobody else, what an agent looks at', async () => {
    const user = await buildUser();
    const sent = await send(api, user);
    const [looker, other, outsider] = await Promise.all(
      [agent, admin, user].map(({ access }) => connectDevice(api.url, access)),
    );
    const heard: unknown[] = [];
    outsider!.socket.on('viewing', (event: unknown) => heard.push(event));
    const told = new Promise((resolve) => other!.socket.once('viewing', resolve));
    expect(await looker!.ask('viewing', { conversation_id: sent.conversation_id })).to.include({ ok: true });
    expect(await told).to.deep.include({ conversation_id: sent.conversation_id });
    expect(await outsider!.ask('viewing', { conversation_id: sent.conversation_id })).to.include({
      ok: false,
    });
    expect(heard).to.deep.equal([]);
    for (const device of [looker, other, outsider]) device?.close();
  });
});
