import { listAccess, listConsents } from '../../db/models/consent.ts';
import { consentTexts } from '../../shared/privacy/consentTexts.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { presentAccess, presentConsent, privacyContract } from './contract.ts';

export const privacy = serve(privacyContract, {
  'GET /api/v1/consents': async (ctx) => {
    ctx.body = await consentTexts(ctx.state.query.language ?? 'en');
  },

  'GET /api/v1/users/me/consents': async (ctx) => {
    ctx.body = await pageOf(ctx.state.query, {
      list: 'consents',
      by: ['id'],
      find: (limit, after) => listConsents(ctx.state.user.id, { limit, beforeId: after?.id ?? null }),
      present: presentConsent,
    });
  },

  'GET /api/v1/users/me/access-log': async (ctx) => {
    ctx.body = await pageOf(ctx.state.query, {
      list: 'access-log',
      by: ['id'],
      find: (limit, after) => listAccess(ctx.state.user.id, { limit, beforeId: after?.id ?? null }),
      present: presentAccess,
    });
  },
});
