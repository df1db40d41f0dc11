import { setTimeout as sleep } from 'node:timers/promises';
import { collectLoading } from '../shared/base/collected.ts';
import { env, requireEnv } from '../shared/base/env.ts';
import { requireDataKeys } from '../shared/base/secretBox.ts';
import { log } from '../shared/base/log.ts';
import { beat } from '../shared/delivery/processes.ts';
import { untilCanEnqueue } from '../shared/delivery/queues.ts';
import { redis, untilReady } from '../shared/delivery/redis.ts';
import { refuseCluster } from '../shared/delivery/redisFit.ts';
import { requireModels } from '../shared/provider/config.ts';
import { onStop, stopOnSignals } from '../shared/base/stop.ts';
import { requireNotifications } from '../shared/ops/mailSettings.ts';
import { startTracing } from '../shared/ops/tracing.ts';
import { type Listening, listen } from './listen.ts';
import { firstSubscription } from '../shared/delivery/pushes.ts';

/** The process type `web`. */
requireEnv('DATABASE_URL', 'REDIS_URL', 'JWT_SECRET');
requireDataKeys();
requireModels();
requireNotifications();
stopOnSignals();
await startTracing('parley-web');

// A socket that connects before this process hears pushes would have to reconnect. Without Redis `web` still serves.
const delivering = untilCanEnqueue().catch((err) =>
  log.warn({ err }, 'Jobs cannot be added yet; this process starts all the same'),
);
const heard = Promise.all([firstSubscription, delivering, untilReady(redis).then(refuseCluster)]);
await Promise.race([heard, sleep(1_000, undefined, { ref: false })]);
collectLoading();
const { port, close } = await listen(env.PORT, env.HOST).catch(giveUp);
onStop('http', close);
beat(['web']);
log.info({ port }, 'Process is ready');

function giveUp(err: NodeJS.ErrnoException): Promise<Listening> {
  process.stderr.write(`parley: cannot listen on ${env.HOST}:${env.PORT}: ${err.code ?? err.message}\n`);
  process.exit(1);
}
