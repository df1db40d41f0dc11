import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { KoaAdapter } from '@bull-board/koa';
import { env } from '../../../shared/base/env.ts';
import { queues } from '../../../shared/delivery/queues.ts';
import type { RouteCtx } from '../../middleware/ctx.ts';
import { BOARD, PUBLIC_BOARD } from './signin.ts';

export type Board = (ctx: RouteCtx) => Promise<void>;

/** A style sheet of another site, which the policy of this mount would refuse with a line in the console. */
const FONTS = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/;

/**
 * Builds Bull Board over all queues. The server decides whether it may change them: hidden buttons are not a lock.
 * @param framed leaves out its sign-out: in the panel's frame that would end the panel's own session
 */
export function buildBoard(framed: boolean): Board {
  const server = new KoaAdapter().setBasePath(PUBLIC_BOARD);
  createBullBoard({
    queues: Object.values(queues).map((queue) => new BullMQAdapter(queue, optionsOf(queue.name))),
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Parley queues',
        hideDocsLink: true,
        miscLinks: framed ? [] : [{ text: 'Sign out', url: `${PUBLIC_BOARD}/sign-out` }],
      },
    },
  });
  const mounted = server.registerPlugin({ mount: BOARD });
  return async (ctx) => {
    const { _matchedRoute } = ctx as { _matchedRoute?: unknown };
    await mounted(ctx as Parameters<typeof mounted>[0], async () => {});
    // Bull Board's router writes its own routes there. Metrics and the log name the mount.
    Object.assign(ctx, { _matchedRoute });
    if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(FONTS, '');
  };
}

/** The queues whose jobs belong to a run. Their jobs link to the run. */
const STAGES = ['moderation', 'context', 'completion'];

function optionsOf(queue: string) {
  const readOnlyMode = !env.BOARD_WRITABLE;
  return STAGES.includes(queue) ? { readOnlyMode, externalJobUrl: runOf } : { readOnlyMode };
}

function runOf({ data }: { data: { run_id: number } }) {
  return { displayText: `Run ${data.run_id}`, href: `${PUBLIC_BOARD}/runs/${data.run_id}` };
}
