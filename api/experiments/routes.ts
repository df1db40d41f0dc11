import { type ExperimentRow, findExperiment, listExperiments } from '../../db/models/experiment.ts';
import { beginExperiment, endExperiment, resultOf } from '../../shared/analytics/experiments.ts';
import { found } from '../../shared/base/errors.ts';
import { answerCsv, leaves } from '../analytics/csv.ts';
import { note } from '../audit/note.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { publicPath } from '../middleware/origin.ts';
import { experimentContract, presentExperiment, presentResult } from './contract.ts';

export const experiments = serve(experimentContract, {
  'GET /api/v1/experiments': async (ctx) => {
    const { assistant_id = null } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'experiments',
      by: ['id'],
      find: (limit, after) => listExperiments(assistant_id, limit, after?.id ?? null),
      present: (experiment) => presentExperiment(withVersions(experiment)),
    });
  },

  'POST /api/v1/experiments': async (ctx) => {
    const { assistant_id, versions, share, until } = ctx.state.body;
    const [version_a, version_b] = versions as [number, number];
    const wanted = { assistant_id, version_a, version_b, share };
    const along = note(ctx, 'experiment.begun', { details: { assistant_id, versions, share } });
    const added = await beginExperiment({ ...wanted, until: until === null ? null : new Date(until) }, along);
    ctx.set('Location', publicPath(`/api/v1/experiments/${added.id}`));
    ctx.body = presentExperiment(withVersions(added));
  },

  'GET /api/v1/experiments/:id': async (ctx) => {
    const result = await compared(found(await findExperiment(pathId(ctx))));
    if (ctx.state.query.format === 'csv') answerCsv(ctx, `experiment-${result.id}`, COLUMNS, linesOf(result));
    else ctx.body = result;
  },

  'POST /api/v1/experiments/:id/end': async (ctx) => {
    const { keep } = ctx.state.body;
    await endExperiment(pathId(ctx), keep, note(ctx, 'experiment.ended', { details: { keep } }));
    ctx.body = await compared(found(await findExperiment(pathId(ctx))));
  },
});

const COLUMNS = ['figure', 'a', 'b', 'difference', 'low', 'high', 'verdict'];

/** Returns a line for each figure of the two versions. A line with a rate also says how they differ. */
function linesOf({ arms: [a, b], comparison }: Awaited<ReturnType<typeof compared>>) {
  const ofB = new Map(leaves(b ?? {}));
  const differs = new Map(comparison.map((one) => [`${one.figure}.rate`, one]));
  return leaves(a ?? {}).map(([name, value]) => {
    const { difference, low, high, verdict } = differs.get(name) ?? {};
    return [name, value, ofB.get(name), difference, low, high, verdict];
  });
}

async function compared(experiment: ExperimentRow) {
  const { arms, ...result } = await resultOf(experiment);
  return presentResult({
    ...withVersions(experiment),
    ...result,
    arms: arms.map(({ answered, handed_off: _, scored: _scored, score_sum: _sum, ...arm }) => ({
      ...arm,
      involved: answered,
    })),
  });
}

function withVersions({ version_a, version_b, ...experiment }: ExperimentRow) {
  return { ...experiment, versions: [version_a, version_b] };
}
