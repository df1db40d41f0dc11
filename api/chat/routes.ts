import { serve } from '../contract/serve.ts';
import { chatContract } from './contract.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { actingSender, answerTaken, idempotencyKey } from './answerTaken.ts';

export const chat = serve(chatContract, {
  'POST /api/v1/chat/send': async (ctx) => {
    const { body, requestId } = ctx.state;
    const key = idempotencyKey(ctx);
    answerTaken(ctx, await intake(await actingSender(ctx, key, body.language), body, key, requestId));
  },
});
