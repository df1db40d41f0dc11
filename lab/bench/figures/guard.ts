import { io } from 'socket.io-client';
import { median, post } from '../load.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import type { Measured } from '../report.ts';
import type { Ground } from '../../kit/ground.ts';

/** The provider's answers: number of sentences, tokens per sentence, ms between two tokens, ms of a verdict. */
export const [SENTENCES, TOKENS, GAP, MODERATION] = [6, 15, 20, 150];
const ANSWERS = 8;

type Times = { first: number; whole: number };

/** Measures OUTPUT_GUARD's cost: the same answers with it (ours) and without it (the floor), one at a time. */
export async function guard(ground: Ground): Promise<() => Promise<Measured[]>> {
  const provider = await ground.start('lab/bench/floors/sentences.ts');
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${provider.port}/v1`, PASSAGE_LIMIT: '0' };
  const web = await ground.startType('web', env);
  await Promise.all(['moderation', 'context', 'housekeeping'].map((type) => ground.startType(type, env)));
  const [user] = (await makeUsers(ground, 1)) as [LabUser];
  const ask = await asker(web.port, user);

  const measure = async (OUTPUT_GUARD: string): Promise<Times> => {
    const worker = await ground.startType('completion', { ...env, OUTPUT_GUARD });
    await ask(0);
    const times: Times[] = [];
    for (let i = 1; i <= ANSWERS; i += 1) times.push(await ask(i));
    await worker.stop();
    return {
      first: median(times.map(({ first }) => first)),
      whole: median(times.map(({ whole }) => whole)),
    };
  };
  return async () => {
    const off = await measure('off');
    const on = await measure('on');
    const sentence = `${TOKENS} tokens a sentence, ${GAP} ms each; verdicts of ${MODERATION} ms`;
    const line = { unit: 'ms', loop: 'one at a time', floor: `off; ${sentence}`, aim: '–' };
    return [
      { ...line, figure: 'first text shown, guard on', ours: on.first, floors: off.first },
      { ...line, figure: 'whole answer, guard on', ours: on.whole, floors: off.whole },
    ];
  };
}

/** Returns a function that sends a message and resolves to the ms until its first text and until its end. */
async function asker(port: number, user: LabUser): Promise<(i: number) => Promise<Times>> {
  const socket = io(`http://127.0.0.1:${port}`, { auth: { token: user.token }, transports: ['websocket'] });
  await new Promise<void>((connected) => socket.once('connect', connected));
  return async (i) => {
    const began = performance.now();
    const moment = (event: string) =>
      new Promise<number>((come) => socket.once(event, () => come(performance.now() - began)));
    const [first, whole] = [moment('response.delta'), moment('response')];
    await post(port, SEND, { content: `${i} ${Math.random()}` }, user.token);
    return { first: await first, whole: await whole };
  };
}
