import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { saveTraceparent, traceparentOf } from '../../db/models/run.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

/**
 * Traces messages from the request to the announcement. Without OTEL_EXPORTER_OTLP_ENDPOINT traces are off and their SDK
 * is not loaded. Spans hold ids, names and times, no content. A job carries only ids, so it finds its trace by the run's
 * row.
 */
const on = env.OTEL_EXPORTER_OTLP_ENDPOINT !== '';

/** Starts tracing. Process entries call it before work begins. @param service shown as `service.name` */
export async function startTracing(service: string): Promise<void> {
  if (!on) return;
  const [{ AsyncLocalStorageContextManager }, { W3CTraceContextPropagator }, otlp, resources, sdk] =
    await Promise.all([
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace'),
    ]);
  const url = `${env.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new otlp.OTLPTraceExporter({ url, timeoutMillis: EXPORT_WITHIN_MS });
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  onStop('tracing', () => provider.shutdown());
}

const [EXPORT_WITHIN_MS, EXPORT_EVERY_MS] = [2_000, 1_000];

/** Runs `work` as a span within the present span. */
export function traced<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return on ? spanned(context.active(), name, { kind: SpanKind.INTERNAL, attributes }, work) : work();
}

/**
 * Does what `traced` does for a request, within the trace that its headers name, or in a new trace. `work` may rename the span.
 */
export function tracedRequest<T>(
  headers: object,
  name: string,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!on) return work(undefined);
  return spanned(propagation.extract(ROOT_CONTEXT, headers), name, { kind: SpanKind.SERVER }, work);
}

/** Does what `traced` does for a step of a run, within the present span, or in the message's trace. */
export async function tracedStep<T>(
  name: string,
  runId: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!on) return work();
  const inside = trace.getActiveSpan() !== undefined;
  const parent = inside || runId === undefined ? context.active() : await parentOf(runId);
  return spanned(parent, name, { kind: SpanKind.CONSUMER, attributes: { 'parley.run_id': runId } }, work);
}

/** Does what `traced` does for a stream. The span ends with the stream. */
export function tracedStream<T>(
  name: string,
  attributes: Attributes,
  stream: AsyncGenerator<T>,
): AsyncGenerator<T> {
  return on ? spannedStream(name, attributes, stream) : stream;
}

/** Stores the present trace on a new run, for the run's steps. Never throws: without it the steps have traces of their own. */
export async function keepTrace(runId: number): Promise<void> {
  if (!on) return;
  const headers: { traceparent?: string } = {};
  propagation.inject(context.active(), headers);
  if (headers.traceparent === undefined) return;
  await saveTraceparent(runId, headers.traceparent).catch((err) =>
    log.debug({ err }, 'Trace not stored; the steps of the run have traces of their own'),
  );
}

async function parentOf(runId: number): Promise<Context> {
  const traceparent = await traceparentOf(runId).catch(() => null);
  return propagation.extract(ROOT_CONTEXT, { traceparent: traceparent ?? undefined });
}

function spanned<T>(
  parent: Context,
  name: string,
  { kind, attributes = {} }: { kind: SpanKind; attributes?: Attributes },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer().startActiveSpan(name, { kind, attributes }, parent, async (span) => {
    try {
      return await work(span);
    } catch (err) {
      fail(span, err);
      throw err;
    } finally {
      span.end();
    }
  });
}

async function* spannedStream<T>(
  name: string,
  attributes: Attributes,
  stream: AsyncGenerator<T>,
): AsyncGenerator<T> {
  const span = tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes });
  try {
    yield* stream;
  } catch (err) {
    fail(span, err);
    throw err;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, with a code only: an error's message may hold text of the provider or Postgres. */
function fail(span: Span, err: unknown): void {
  const { code, name } = err as { code?: unknown; name?: unknown };
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', String(code ?? name ?? 'unknown'));
}

function tracer() {
  return trace.getTracer('parley');
}
