import { databaseBytes, largestTables } from '../../db/models/storage.ts';
import { debts } from '../../db/models/owed.ts';
import { migrationState } from '../../db/migrate.ts';
import { problem } from '../../shared/base/errors.ts';
import { env } from '../../shared/base/env.ts';
import { processes, version } from '../../shared/delivery/processes.ts';
import { checkMail } from '../../shared/notifications/checkMail.ts';
import { mailTest, pushTest } from '../../shared/notifications/tests.ts';
import { settingsInForce } from '../../shared/ops/settings.ts';
import { together } from '../../shared/base/together.ts';
import { askModels } from '../../shared/provider/askModels.ts';
import type { Role } from '../../shared/provider/calls.ts';
import { chatModels, embeddingModel, type ModelRef, providerOf } from '../../shared/provider/config.ts';
import { withoutKeys } from '../../shared/provider/withoutKeys.ts';
import { checkRole, modelOf } from '../../shared/provider/probe.ts';
import { noted } from '../../shared/accounts/noted.ts';
import { by } from '../audit/note.ts';
import { serve } from '../contract/serve.ts';
import { countJobs } from '../metrics/queues.ts';
import { limitSearches } from '../middleware/limit-searches.ts';
import { systemContract } from './contract.ts';

const TABLES = 12;

export const system = serve(systemContract, {
  'GET /api/v1/system': async (ctx) => {
    ctx.body = await look();
  },

  'POST /api/v1/system/models': [
    limitSearches,
    async (ctx) => {
      await noted(by(ctx), 'system.models_asked')(null);
      ctx.body = await asked();
    },
  ],

  'POST /api/v1/system/mail': [
    limitSearches,
    async (ctx) => {
      const { id, email, language } = ctx.state.user;
      if (email === null) throw problem('not_configured', 'Your account has no address');
      await noted(by(ctx), 'system.mail_tested')(null);
      await mailTest(id, email, language);
      ctx.body = { to: email };
    },
  ],

  'POST /api/v1/system/push': [
    limitSearches,
    async (ctx) => {
      await noted(by(ctx), 'system.push_tested')(null);
      ctx.body = await pushTest(ctx.state.user.id);
    },
  ],
});

/** Ten administrators with this page open cost the stores one look. */
const look = together(async () => {
  const [running, jobs, owed, migrations, models, mail, bytes, tables] = await Promise.all([
    processes().catch(() => null),
    countJobs().catch(() => null),
    debts(embeddingModel() !== null),
    migrationState(),
    modelsInForce(),
    checkMail(),
    databaseBytes(),
    largestTables(TABLES),
  ]);
  return {
    version,
    node: process.version,
    processes: running,
    queues: jobs?.map(presentQueue) ?? null,
    owed,
    migrations,
    models,
    mail,
    push: env.VAPID_PRIVATE_KEY !== '',
    board_writable: env.BOARD_WRITABLE,
    storage: { bytes, tables },
    settings: settingsInForce(),
  };
});

/** Administrators who press the button at once share one call of the models. */
const asked = together(async () => {
  const lines: string[] = [];
  const well = await askModels((line) => lines.push(line));
  return { well, lines: lines.map((line) => withoutKeys(line)) };
});

function presentQueue({ queue, counts, oldestS }: Awaited<ReturnType<typeof countJobs>>[number]) {
  const of = (...states: string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return {
    name: queue,
    waiting: of('waiting', 'prioritized', 'waiting-children'),
    active: of('active'),
    delayed: of('delayed'),
    failed: of('failed'),
    oldest_s: Math.round(oldestS * 10) / 10,
  };
}

async function modelsInForce() {
  const roles: Role[] = ['chat', 'query', 'embedding', 'moderation'];
  const first = await Promise.all(
    roles.map(async (role) => ({ role, ...presentModel(modelOf(role)), check: await checkRole(role) })),
  );
  const fallbacks = chatModels()
    .slice(1)
    .map((model) => ({ role: 'fallback' as const, ...presentModel(model), check: null }));
  return [...first, ...fallbacks];
}

function presentModel(model: ModelRef | null) {
  if (model === null) return { name: null, provider: null, kind: null };
  return { name: model.name, provider: model.provider, kind: providerOf(model).kind };
}
