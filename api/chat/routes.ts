import { serve } from '../contract/serve.ts';
import { chatContract } from './contract.ts';
import { intake } from '../../shared/conversations/intake.ts';
import { answerTaken, idempotencyKey, senderOf } from './answerTaken.ts';

export const chat = serve(chatContract, {
  'POST /api/v1/chat/send': async (ctx) => {
    const { body, requestId } = ctx.state;
    answerTaken(ctx, await intake(senderOf(ctx), body, idempotencyKey(ctx), requestId));
  },
});
