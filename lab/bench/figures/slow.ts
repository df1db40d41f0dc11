import { once } from 'node:events';
import { listen } from '../clients.ts';
import { median, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import { addFaqs, newQuestion } from '../messages.ts';
import type { Measured } from '../report.ts';
import { type Child, type Ground, WORKERS } from '../../kit/ground.ts';

/** Ms of a hosted provider for a verdict, an embedding and the first token. */
const DELAYS = { moderation: 350, embedding: 120, chat: 450 };
const [ANSWERS, WARM] = [15, 10];

/**
 * Measures a user's time to first token with a realistically slow provider: one message at a time, with moderation before
 * the model and beside it. The floor is the minimum of any order: the question's embedding, then the model.
 */
export async function slow(ground: Ground): Promise<() => Promise<Measured[]>> {
  const delays = { BENCH_DELAYS: JSON.stringify(DELAYS) };
  const provider = await ground.start('lab/kit/bareProvider.ts', [], delays);
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${provider.port}/v1` };
  await addFaqs(ground);
  const web = await ground.startType('web', env);
  const beside = await ground.startType('web', { ...env, MODERATION_ORDER: 'beside' });
  await Promise.all(WORKERS.map((type) => ground.startType(type, env)));
  const calls = await ground.start('lab/bench/floors/calls.ts', [], env);
  const [user] = (await makeUsers(ground, 1)) as [LabUser];
  const { first: firsts } = await listen([user], web.port, 'run_id');

  const ask = async ({ port }: Child, count: number): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const content = newQuestion(i, 8);
      const began = performance.now();
      const { run_id } = await post<{ run_id: number }>(port, SEND, { content }, user.token);
      times.push((await firsts(run_id)) - began);
    }
    return median(times);
  };
  for (const one of [web, beside]) await ask(one, WARM);

  return async () => {
    calls.process.send({ count: ANSWERS, content: 'tokens:8' });
    const [floor] = (await once(calls.process, 'message')) as [{ firsts: number[] }];
    const { moderation, embedding, chat } = DELAYS;
    const line = {
      unit: 'ms',
      loop: 'one at a time',
      floor: `embedding, then the model, by the openai SDK; verdict ${moderation}, embedding ${embedding}, first token ${chat} ms`,
      floors: median(floor.firsts),
      aim: '–',
    };
    return [
      { ...line, figure: 'first token of a slow provider, moderation before', ours: await ask(web, ANSWERS) },
      {
        ...line,
        figure: 'first token of a slow provider, moderation beside',
        ours: await ask(beside, ANSWERS),
      },
    ];
  };
}
