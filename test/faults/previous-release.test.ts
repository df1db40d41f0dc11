import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { knex } from '../../db/knex.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { type LogLine, saysReady, spawnProcfile } from '../../scripts/services/procfile.ts';
import { buildGuest } from '../support/factories.ts';
import { onNative } from '../support/native.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { checkOutPreviousRelease, type Release } from '../../lab/kit/previousRelease.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { WORKERS } from '../support/stack.ts';

const READY_WITHIN_MS = 45_000;
type Running = Pick<Process, 'url' | 'stop'>;

(onNative ? describe : describe.skip)("the previous release on this release's schema", () => {
  let release: Release | null;
  let provider: Provider;
  let running: Running[] = [];
  before(async function () {
    this.timeout(300_000);
    provider = await startProvider();
    release = await checkOutPreviousRelease();
    if (release === null)
      console.log('      this clone has no previous release: git fetch --tags --unshallow');
    else console.log(`      ${release.name}`);
  });
  afterEach(async function () {
    this.timeout(60_000);
    await Promise.all(running.map((one) => one.stop()));
    running = [];
  });
  after(async function () {
    this.timeout(180_000);
    release?.remove();
    await provider.stop();
  });

  async function start(type: string, old: boolean): Promise<string> {
    const started = old ? await startOld(type) : await startProcfile(type);
    running.push(started);
    return started.url;
  }

  /** Starts a process of the previous release. Its `web` counts as started when /livez answers 200. */
  async function startOld(type: string): Promise<Running> {
    const said: LogLine[] = [];
    const env: Record<string, string> = type === 'web' ? { PORT: String(await freePort()) } : {};
    const started = spawnProcfile(type, env, (line) => said.push(line), release?.root);
    const begun = async () => {
      if (started.url === '') return said.some(saysReady);
      const answer = await fetch(`${started.url}/livez`).catch(() => undefined);
      return answer?.status === 200;
    };
    for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; await sleep(50))
      if (await begun()) return started;
    await started.stop();
    throw new Error(
      `${type} of ${release?.name} did not start: ${said
        .slice(-5)
        .map(({ msg }) => msg)
        .join(' | ')}`,
    );
  }

  const mixtures = [
    ['is answered by old workers when an old web took it', true, true],
    ['is answered by new workers when an old web took it', true, false],
    ['is answered by old workers when a new web took it', false, true],
  ] as const;
  for (const [i, [name, oldWeb, oldWorkers]] of mixtures.entries()) {
    it(`a message ${name}`, async function () {
      this.timeout(120_000);
      if (release === null) return this.skip();
      const [web = ''] = await Promise.all([
        start('web', oldWeb),
        ...WORKERS.map((type) => start(type, oldWorkers)),
      ]);
      expect(await answered(web, `mixture${i}`)).to.include({ status: 'completed' });
    });
  }

  it("the previous release's web serves a guest of this release and changes nothing of the guest", async function () {
    this.timeout(60_000);
    if (release === null) return this.skip();
    const [guest, web] = [await buildGuest(), await start('web', true)];
    const ask = (path: string, method: string, body?: object) =>
      fetch(`${web}/api/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${guest.access}` },
        ...(body && { body: JSON.stringify(body) }),
      });
    const me = await ask('/users/me', 'GET');
    expect(await me.json()).to.include({ id: guest.id, role: 'guest', email: null });
    expect((await ask('/chat/send', 'POST', { content: 'Hi' })).status).to.equal(202);
    expect((await ask('/faqs', 'POST', { question: 'Q?', answer: 'A.' })).status).to.equal(403);
    expect((await ask('/users/me', 'PATCH', { username: 'somebody' })).ok).to.equal(false);
    expect(await knex('users').where({ id: guest.id }).pluck('username')).to.deep.equal([null]);
  });

  it("the previous release's web is ready", async function () {
    this.timeout(60_000);
    // A release that is out cannot be changed.
    if (release?.readyOnNewer !== true) return this.skip();
    const web = await start('web', true);
    expect((await fetch(`${web}/readyz`)).status).to.equal(200);
  });
});

/** Signs a user up, sends a message, and returns its run when it has ended. */
async function answered(web: string, username: string): Promise<Record<string, unknown>> {
  let access = '';
  const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${web}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(access && { authorization: `Bearer ${access}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.ok, `${method} ${path}: ${answer.status}`).to.equal(true);
    return (await answer.json()) as Record<string, unknown>;
  };
  const consents = { gdpr_consent: true, data_processing_consent: true };
  const account = { email: `${username}@example.com`, username, password: 'correct horse', ...consents };
  access = String((await ask('POST', '/auth/register', account)).access_token);
  const { run_id } = await ask('POST', '/chat/send', { content: 'Hi [[tokens:3]]' });
  let run: Record<string, unknown> = {};
  for (const until = Date.now() + 40_000; Date.now() < until; await sleep(100)) {
    run = await ask('GET', `/runs/${run_id}`);
    if (!['queued', 'in_progress'].includes(String(run.status))) return run;
  }
  return run;
}
