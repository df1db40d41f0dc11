import { publicOffer } from '../../shared/assistants/publicOffer.ts';
import { serve } from '../contract/serve.ts';
import { presentOffer, widgetContract } from './contract.ts';

export const widget = serve(widgetContract, {
  'GET /api/v1/widget/offer': async (ctx) => {
    const { assistant, language = 'en' } = ctx.state.query;
    ctx.body = presentOffer(await publicOffer(assistant, language));
  },
});
