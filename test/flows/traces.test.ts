import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Span, startCollector } from '../support/collector.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { call } from '../support/api.ts';
import { type Stack, startApart } from '../support/stack.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('traces', function () {
  this.timeout(60_000);
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let stack: Stack;
  before(async () => {
    collector = await startCollector();
    stack = await startApart({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, [
      'web',
      'moderation',
      'context',
      'completion',
    ]);
  });
  after(async () => {
    await stack?.stop();
    await collector?.stop();
  });

  it('show a message from the request to the announcement, in the trace of the caller', async () => {
    const [overHttp, overSocket] = ['A question that is nobody’s business', 'Another secret'];
    const user = await buildUser();
    const device = await connectDevice(stack.web[0]!, user.access);
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    const { body } = await call(
      `${stack.web[0]}/api/v1/chat/send`,
      'POST',
      { content: overHttp },
      { token: user.access, headers },
    );
    await device.ended(Number(body.run_id));
    const asked = await device.ask('message', { content: overSocket });
    await device.ended(Number(asked.run_id));
    device.close();
    // The processes send the remaining spans when they stop.
    await stack.stop();

    const spans = collector.spans.filter(({ traceId }) => traceId === TRACE);
    expect(tree(spans)).to.deep.equal([
      'POST /api/v1/chat/send > accept',
      'POST /api/v1/chat/send > completion > announce',
      'POST /api/v1/chat/send > completion > claim',
      'POST /api/v1/chat/send > completion > finish',
      'POST /api/v1/chat/send > completion > provider chat',
      'POST /api/v1/chat/send > context',
      'POST /api/v1/chat/send > moderation > provider moderation',
    ]);
    expect(new Set(spans.map(({ service }) => service))).to.have.lengthOf(4);
    const other = collector.spans.find(({ name }) => name === 'socket message')?.traceId;
    expect(tree(collector.spans.filter(({ traceId }) => traceId === other))).to.include(
      'socket message > completion > announce',
    );
    for (const secret of [overHttp, overSocket, user.email, user.access])
      expect(collector.text()).not.to.include(secret);
  });

  it('are off by default, and the SDK is not loaded', async () => {
    expect(await packagesLoaded('')).to.deep.equal(['api']);
    expect(await packagesLoaded('http://127.0.0.1:9')).to.include.members(['api', 'sdk-trace']);
  });
});

/** Returns the paths from the root of a trace to its leaves, by the names of the spans. */
function tree(spans: Span[]): string[] {
  const parents = new Set(spans.map(({ parentSpanId }) => parentSpanId));
  const path = (span: Span): string => {
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return parent ? `${path(parent)} > ${span.name}` : span.name;
  };
  return spans
    .filter(({ spanId }) => !parents.has(spanId))
    .map(path)
    .toSorted();
}

/** Returns the OpenTelemetry packages that a process loads when it starts like `web` and the workers. */
async function packagesLoaded(endpoint: string): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /@opentelemetry\\/([^/]+)/.exec(url)?.[1];
        if (name) loaded.add(name);
        return next(url, context);
      },
    });
    const { startTracing } = await import('./shared/ops/tracing.ts');
    await Promise.all([import('./api/app.ts'), import('./workers/completion.ts'), startTracing('test')]);
    process.stdout.write(JSON.stringify([...loaded]), () => process.exit());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, LOG_LEVEL: 'silent', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  });
  return JSON.parse(stdout) as string[];
}
