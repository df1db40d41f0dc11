import { createServer, type ServerResponse } from 'node:http';
import { checkRedis } from '../shared/delivery/redisFit.ts';
import { checkDatabase } from '../shared/ops/checks.ts';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import { registry } from '../shared/ops/metrics.ts';
import { boundPipelining, whileConnected } from '../shared/ops/pipelining.ts';
import { mayScrape } from '../shared/ops/metrics.ts';
import { onStop, stopping } from '../shared/base/stop.ts';

/**
 * Serves `/metrics`, `/livez` and `/readyz` of this process on METRICS_PORT, if set. With a port in use (several workers
 * on one machine) logs the error, and the worker works without this server.
 */
export function serveHealth(): void {
  if (env.METRICS_PORT === 0) return;
  const answerTo = whileConnected((req, res) => {
    const answer = answers.get(req.url?.split('?', 1)[0] ?? '');
    if (answer === undefined || !['GET', 'HEAD'].includes(req.method ?? ''))
      return send(res, 404, 'not found');
    if (answer === metrics && !mayScrape(req.headers.authorization))
      return send(res, 401, 'METRICS_TOKEN is missing or wrong');
    answer(res).catch((err: unknown) => {
      log.warn({ err }, 'Health or metrics not answered');
      send(res, 500, 'failed');
    });
  });
  const server = createServer(answerTo);
  boundPipelining(server);
  server.on('error', (err) =>
    log.error({ err, port: env.METRICS_PORT }, 'Health and metrics not served by this process'),
  );
  server.listen(env.METRICS_PORT, env.HOST);
  onStop('health', () => {
    server.closeAllConnections();
    server.close();
  });
}

const answers = new Map([
  ['/livez', live],
  ['/readyz', ready],
  ['/metrics', metrics],
]);

/** Answers that the process is alive. Checks no store: a restart would not repair one. */
async function live(res: ServerResponse): Promise<void> {
  send(res, 200, 'alive');
}

/** Answers whether the worker is ready: it needs Postgres and Redis. */
async function ready(res: ServerResponse): Promise<void> {
  const [database, redis] = await Promise.all([checkDatabase(), checkRedis()]);
  const well = !stopping() && database === 'healthy' && redis === 'healthy';
  send(res, well ? 200 : 503, stopping() ? 'draining' : `database ${database}, redis ${redis}`);
}

async function metrics(res: ServerResponse): Promise<void> {
  send(res, 200, await registry.metrics(), registry.contentType);
}

function send(res: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
