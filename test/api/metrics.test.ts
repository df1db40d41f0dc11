import { expect } from 'chai';
import { freePort } from '../../scripts/services/ports.ts';
import { connectDevice } from '../support/device.ts';
import { scrape, type Sample, valueOf } from '../support/exposition.ts';
import { buildUser, type BuiltUser } from '../support/factories.ts';
import { call } from '../support/api.ts';
import { type Stack, startStack } from '../support/stack.ts';

const WORKERS = ['moderation', 'context', 'completion', 'housekeeping'];
/** The allowed values of labels: a word, a method, a status, a bucket, the pattern of a route, a model. */
const BOUNDED = [
  /^[a-z]+([_-][a-z]+)*$/,
  /^[A-Z]+$/,
  /^\d{3}$/,
  /^(\+Inf|\d+(\.\d+)?)$/,
  /^(\/(v1|:?[a-z_.-]+))+(\{\/\*path\})?$/,
  /^(gpt|text-embedding|omni)-[a-z0-9.-]+$/,
];

describe('metrics', () => {
  let stack: Stack;
  let user: BuiltUser;
  const ports: Record<string, number> = {};

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({}, ['web']);
    for (const type of WORKERS) {
      const port = (ports[type] = await freePort());
      await stack.add(type, { METRICS_PORT: String(port) });
    }
    user = await buildUser();
  });
  after(async function () {
    this.timeout(60_000);
    await stack.stop();
  });

  const web = () => scrape(stack.web[0] ?? '');
  const worker = (type: string) => scrape(`http://127.0.0.1:${ports[type]}`);
  /** Scrapes until a check holds; mocha's timeout ends it otherwise. */
  async function until(
    from: () => Promise<Sample[]>,
    fits: (samples: Sample[]) => boolean,
  ): Promise<Sample[]> {
    for (;;) {
      const samples = await from();
      if (fits(samples)) return samples;
      await new Promise((later) => setTimeout(later, 100));
    }
  }
  async function answer(content: string): Promise<void> {
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const sent = await stack.post('/chat/send', { content }, user.access);
    await device.ended(Number(sent.body.run_id));
    device.close();
  }

  it('count requests by method, route and status', async () => {
    const labels = { method: 'GET', endpoint: '/api/v1/runs/:id', status: '404' };
    const before = await web();
    for (const id of ['123456', '123457', 'x']) await stack.get(`/runs/${id}`, user.access);
    await stack.get('/nothing/98765', user.access);
    const after = await web();
    const moved = (name: string, of: Record<string, string>) =>
      valueOf(after, name, of) - valueOf(before, name, of);
    expect(moved('http_requests_total', labels)).to.equal(3);
    expect(moved('http_request_duration_seconds_count', labels)).to.equal(3);
    expect(moved('http_requests_total', { ...labels, endpoint: 'unmatched' })).to.equal(1);
    expect(valueOf(after, 'http_requests_total', { endpoint: '/metrics' })).to.be.at.least(1);
    expect(JSON.stringify(after)).not.to.match(/12345|98765/);
  });

  it('measure tokens, times and stages of an answer', async () => {
    await answer('Hello [[tokens:20]]');
    const ended = (samples: Sample[]) => valueOf(samples, 'runs_ended_total', { status: 'completed' }) === 1;
    const samples = await until(() => worker('completion'), ended);
    const [model] = samples.flatMap(({ name, labels }) =>
      name === 'ai_requests_total' ? [labels.model ?? ''] : [],
    );
    const of = { model: model ?? '' };
    expect(valueOf(samples, 'ai_requests_total', { ...of, outcome: 'ok' })).to.equal(1);
    expect(valueOf(samples, 'ai_tokens_used_total', { ...of, kind: 'completion' })).to.be.greaterThan(0);
    expect(valueOf(samples, 'ai_tokens_used_total', { ...of, kind: 'prompt' })).to.be.greaterThan(0);
    for (const name of ['ai_response_time_seconds', 'ai_first_token_seconds']) {
      expect(valueOf(samples, `${name}_count`, of), name).to.equal(1);
    }
    for (const name of ['run_first_token_seconds', 'engine_overhead_seconds']) {
      expect(valueOf(samples, `${name}_count`), name).to.equal(1);
      expect(valueOf(samples, `${name}_sum`), name).to.be.within(0.001, 10);
    }
    for (const stage of ['waiting', 'preparing', 'answering', 'ending']) {
      expect(valueOf(samples, 'run_stage_duration_seconds_count', { stage }), stage).to.equal(1);
    }
    expect(valueOf(samples, 'job_duration_seconds_count', { queue: 'completion', outcome: 'done' })).to.equal(
      1,
    );
    expect(valueOf(samples, 'db_connections_max')).to.be.greaterThan(0);
    const moderated = await worker('moderation');
    expect(valueOf(moderated, 'ai_requests_total', { outcome: 'ok' })).to.equal(1);
    expect(valueOf(moderated, 'job_duration_seconds_count', { queue: 'moderation' })).to.equal(1);
  });

  it('count provider failures, retries and restarts', async () => {
    await answer('Hello [[times:1]] [[status:500]]');
    const samples = await until(
      () => worker('completion'),
      (found) => valueOf(found, 'runs_ended_total') === 2,
    );
    expect(valueOf(samples, 'ai_requests_total', { outcome: 'unavailable' })).to.equal(1);
    expect(valueOf(samples, 'ai_errors_total', { kind: 'provider_unavailable' })).to.equal(1);
    expect(valueOf(samples, 'job_put_backs_total', { queue: 'completion' })).to.be.at.least(1);
    expect(valueOf(samples, 'run_restarts_total', { reason: 'claimed_again' })).to.equal(1);
  });

  it('show the depth of queues and the age of waiting jobs', async () => {
    await stack.of('moderation')[0]?.stop();
    await stack.post('/chat/send', { content: 'waits' }, user.access);
    const waits = { queue: 'moderation', state: 'waiting' };
    const samples = await until(web, (found) => valueOf(found, 'queue_jobs', waits) === 1);
    expect(valueOf(samples, 'queue_jobs', { queue: 'completion', state: 'waiting-children' })).to.equal(1);
    await until(
      web,
      (found) => valueOf(found, 'queue_oldest_waiting_seconds', { queue: 'moderation' }) > 0.5,
    );
    await until(web, (found) => valueOf(found, 'queue_oldest_waiting_seconds', { queue: 'context' }) === 0);
  });

  it('count FAQs and those without vectors', async () => {
    const samples = await web();
    expect([valueOf(samples, 'faqs_stored'), valueOf(samples, 'faqs_to_embed')]).to.deep.equal([0, 0]);
  });

  it('count the sockets of the replica', async () => {
    expect(valueOf(await web(), 'sockets_connected')).to.equal(0);
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    expect(valueOf(await web(), 'sockets_connected')).to.equal(1);
    device.close();
    await until(web, (samples) => valueOf(samples, 'sockets_connected') === 0);
  });

  it('have no label with unlimited values', async () => {
    const all = [...(await web()), ...(await worker('completion')), ...(await worker('housekeeping'))];
    for (const { name, labels } of all.filter((sample) => !/^(nodejs|process)_/.test(sample.name))) {
      for (const [label, value] of Object.entries(labels))
        expect(
          BOUNDED.some((pattern) => pattern.test(value)),
          `${name} ${label}=${value}`,
        ).to.equal(true);
    }
    expect(valueOf(all, 'nodejs_eventloop_lag_p99_seconds')).to.be.greaterThan(0);
    const kinds = all.flatMap(({ name, labels }) =>
      name === 'reconciler_findings_total' ? [labels.kind] : [],
    );
    expect(kinds).to.have.members(['delivered', 'announced', 'told', 'embeddings', 'wiped']);
  });

  it('come from workers too, beside their health', async () => {
    const url = `http://127.0.0.1:${ports.context}`;
    for (const path of ['/livez', '/readyz']) expect((await fetch(url + path)).status, path).to.equal(200);
    expect((await fetch(`${url}/nothing`)).status).to.equal(404);
    expect((await fetch(`${url}/livez`, { method: 'POST' })).status).to.equal(404);
    const cut = await stack.add('context', { METRICS_PORT: String(ports.context) });
    expect(cut.logs.map(({ msg }) => msg)).to.include('Health and metrics not served by this process');
    expect((await call(`${stack.web[0]}/readyz`)).status).to.equal(200);
  });
});
