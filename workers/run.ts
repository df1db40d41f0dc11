import { env, requireEnv } from '../shared/base/env.ts';
import { type JobName, otherTypes, queuesOf, workerTypes } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { moderationModel, requireModels } from '../shared/provider/config.ts';
import { beat } from '../shared/delivery/processes.ts';
import { redis, untilReady } from '../shared/delivery/redis.ts';
import { refuseCluster } from '../shared/delivery/redisFit.ts';
import { requireDataKeys } from '../shared/base/secretBox.ts';
import { onStop, stopOnSignals } from '../shared/base/stop.ts';
import { requireNotifications } from '../shared/ops/mailSettings.ts';
import { startTracing } from '../shared/ops/tracing.ts';
import { countTokens } from '../shared/provider/tokens.ts';
import { analytics } from './analytics.ts';
import { completion } from './completion.ts';
import { drain } from './completion/lease.ts';
import { webhook } from './webhook.ts';
import { context } from './context.ts';
import { embedding } from './embedding.ts';
import { erasure } from './erasure.ts';
import { exportData } from './export.ts';
import { faqImport } from './faqImport.ts';
import { faqSuggestions } from './faqSuggestions.ts';
import { serveHealth } from './health.ts';
import { startHousekeeping } from './housekeeping.ts';
import { mail } from './mail.ts';
import { moderation } from './moderation.ts';
import { notification } from './notification.ts';
import { summary } from './summary.ts';
import { replay } from './replay.ts';
import { type Handler, work } from './work.ts';

/** The type makes a job without a handler a compile error. */
const handlers: { [Name in JobName]: Handler<Name> } = {
  moderation,
  context,
  completion,
  summary,
  embedding,
  webhook,
  faq_import: faqImport,
  faq_suggestions: faqSuggestions,
  analytics,
  erasure,
  export: exportData,
  replay,
  notification,
  mail,
};

const others: Record<(typeof otherTypes)[number], () => void> = {
  housekeeping: startHousekeeping,
};

/** BullMQ workers of this process. */
const working: ReturnType<typeof work>[] = [];

/** Ms of the grace period that remain for the release of runs. */
const RELEASE_TIME = 5_000;

/** `node workers/run.ts moderation context`: works the named types in one process. */
function main(types: string[]): void {
  const unknown = types.filter((type) => !workerTypes.includes(type));
  if (types.length === 0 || unknown.length > 0) {
    process.stderr.write(`usage: node workers/run.ts TYPE…, of: ${workerTypes.join(' ')}\n`);
    process.exit(2);
  }
  requireEnv('DATABASE_URL', 'REDIS_URL');
  requireModels();
  requireNotifications();
  // The tokens in mails are made from it.
  if (types.includes('notification')) requireEnv('JWT_SECRET');
  if (types.includes('moderation') && moderationModel() === null)
    log.warn('MODERATION_MODEL is off: no message is checked');
  if (types.includes('notification')) requireDataKeys();
  stopOnSignals();
  serveHealth();
  const idle = setInterval(() => {}, 60_000);
  onStop('idle', () => clearInterval(idle));
  const tracing = startTracing(`parley-${types.join('-')}`);
  const fit = untilReady(redis).then(refuseCluster);
  Promise.all(types.map((type) => Promise.all([tracing, fit]).then(() => start(type)))).then(() => {
    // Registered last, so it runs first, while jobs can still use everything.
    onStop('drain', () => {
      setTimeout(drain, Math.max(0, env.SHUTDOWN_GRACE_S * 1_000 - RELEASE_TIME)).unref();
      // All at once: otherwise the other types would take jobs while the first one closes.
      return Promise.all(working.map((worker) => worker.close()));
    });
    beat(types);
    log.info({ types }, 'ready');
  });
}

/** Starts a type. Loads the tokenizer now, since that takes half a second and would delay the first answer. */
async function start(type: string): Promise<unknown> {
  const names = queuesOf(type);
  const other = otherTypes.find((one) => one === type);
  if (other !== undefined) others[other]();
  if (type === 'context') countTokens('');
  const started = names.map((name) => work(name, handlers[name] as Handler<typeof name>));
  working.push(...started);
  return Promise.all(started.map((worker) => worker.waitUntilReady()));
}

main(process.argv.slice(2));
