import { expect } from 'chai';
import { type EventEmitter, once } from 'node:events';
import type { Api } from '../support/api.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { checkEvent } from '../support/openapi.ts';
import { runCommand } from '../support/own-database.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

describe('live figures', function () {
  this.timeout(20_000);
  let api: Api;
  let admin: BuiltUser;
  let user: BuiltUser;
  const devices: Device[] = [];
  before(async () => {
    api = await serveWeb();
    [admin, user] = await Promise.all([buildUser({ role: 'admin' }), buildUser()]);
  });
  after(() => {
    for (const device of devices) device.close();
    return api.close();
  });

  const connect = async (who: BuiltUser) => {
    const device = await connectDevice(api.url, who.access);
    devices.push(device);
    return device;
  };

  it('come to administrators who subscribe, at once and again, and to nobody else', async () => {
    const asked = await (await connect(user)).ask('analytics.subscribe', {});
    expect((asked.error as { code: string }).code).to.equal('forbidden');

    await playWorker(user, await send(api, user));
    await send(api, await buildUser());
    const { socket, ask, askBare } = await connect(admin).then((device) => ({
      socket: device.socket as unknown as EventEmitter,
      ask: (event: string) => device.ask(event, {}),
      askBare: (event: string) => device.socket.emitWithAck(event),
    }));
    const first = once(socket, 'analytics.live');
    expect(await ask('analytics.subscribe')).to.deep.equal({ ok: true });
    const [figures] = (await first) as [Record<string, unknown>];
    checkEvent('analytics.live', figures);
    expect(figures).to.deep.equal({
      runs_in_progress: 1,
      waiting: 1,
      answers_per_minute: 0,
      first_token_ms_p50: null,
      agents_online: 1,
      conversations_waiting: 0,
    });
    // Subscribed twice, each figure comes once. An event without a payload is one with an empty payload.
    expect(await askBare('analytics.subscribe')).to.deep.equal({ ok: true });
    const again = await buildUser();
    const worker = await playWorker(again, await send(api, again));
    await worker.finish({ first_token_ms: 300 });
    for (;;) {
      const [next] = (await once(socket, 'analytics.live')) as [Record<string, unknown>];
      if (next.answers_per_minute === 1) break;
    }
  });
});

describe('npm run report', function () {
  this.timeout(30_000);
  const report = (...args: string[]) => runCommand(process.execPath, ['scripts/report.ts', ...args]);

  it('writes a page that loads nothing and escapes texts', async () => {
    const { knex } = await import('../../db/knex.ts');
    await knex('faqs').insert({ question: '<script>alert(1)</script>', answer: 'A', slug: 's' });
    const user = await buildUser();
    const api = await serveWeb();
    const sent = await send(api, user);
    const worker = await playWorker(user, sent);
    await worker.finish({ sources: [{ faq_id: 1, question: 'Q', similarity: 1 }] });
    await api.close();
    const { code, stdout, stderr } = await report('--out', '-', '--timezone', 'Asia/Kathmandu');
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^<!doctype html>/);
    expect(stdout)
      .to.include('&#60;script&#62;alert(1)')
      .and.to.include('<svg')
      .and.to.include('messages_in 1, answers 1');
    expect(stdout).to.not.match(/<script|https?:|@import|url\(/);
  });

  it('says in one line what is wrong', async () => {
    const { code, stderr } = await report('--from', '2026-02-02', '--to', '2026-02-01');
    expect([code, stderr]).to.deep.equal([1, 'npm run report: --to must be after from\n']);
    expect((await report('--help')).stdout).to.include('--timezone');
  });
});
