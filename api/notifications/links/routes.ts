import { languageOfUser } from '../../../db/models/user.ts';
import { readUnsubscribeToken } from '../../../shared/notifications/links.ts';
import { PAGE_POLICY, unsubscribePage } from '../../../shared/notifications/page.ts';
import { stopMails } from '../../../shared/notifications/settings.ts';
import type { Ctx } from '../../middleware/ctx.ts';
import { serve } from '../../contract/serve.ts';
import { mailLinkContract } from './contract.ts';

export const mailLinks = serve(mailLinkContract, {
  'GET /unsubscribe': async (ctx) => {
    const { userId } = readUnsubscribeToken(ctx.state.query.token);
    await showPage(ctx, userId, 'ask');
  },

  'POST /unsubscribe': async (ctx) => {
    const { userId, kinds } = readUnsubscribeToken(ctx.state.query.token);
    const there = await showPage(ctx, userId, 'done');
    if (there) await stopMails(userId, kinds);
  },
});

/** Returns false where the account is gone: then nobody is mailed. */
async function showPage(ctx: Ctx, userId: number, step: 'ask' | 'done'): Promise<boolean> {
  const language = await languageOfUser(userId);
  ctx.set('Content-Security-Policy', PAGE_POLICY);
  ctx.type = 'html';
  ctx.body = unsubscribePage(language ?? 'en', step);
  return language !== undefined;
}
