import { once } from 'node:events';
import { listen } from '../clients.ts';
import type { Contexts, Kind, Ways } from '../floors/contexts.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';
import { median, post } from '../load.ts';
import type { Measured } from '../report.ts';
import { type Child, type Ground, WORKERS } from '../../kit/ground.ts';

/** Ms of a hosted provider: an embedding, and a small answer whole. */
const HOSTED = { embedding: 120, chat: 300 };
/** Questions of each kind in a round; whole messages. */
const [TIMES, MESSAGES, HOSTED_TIMES] = [40, 30, 5];
const NAMES: Record<Kind, string> = {
  strong: 'first question, strong hit',
  weak: 'first question, weak hit',
  follow_up: 'later question',
};

/**
 * Measures what query stage and answer check add to a message: ms of the context stage's decision with and without, and their
 * share of a whole message's time to its first token. The model is the stand-in, which answers at once.
 */
export async function stages(ground: Ground): Promise<() => Promise<Measured[]>> {
  const standin = await ground.start('lab/bench/floors/standin.ts');
  const env = urlOf(standin);
  const contexts = await ground.start('lab/bench/floors/contexts.ts', [], env);
  const slow = await ground.start('lab/bench/floors/standin.ts', [], {
    BENCH_DELAYS: JSON.stringify(HOSTED),
  });
  const hosted = await ground.start('lab/bench/floors/contexts.ts', [], urlOf(slow));
  const web = await ground.startType('web', env);
  await Promise.all(WORKERS.map((type) => ground.startType(type, env)));
  const users = await makeUsers(ground, 40);
  const { first: firsts } = await listen(users, web.port, 'run_id');
  let asked = 0;
  /** Returns the median ms from POST to the first delta: first questions with a weak hit, each of another user. */
  const whole = async (count: number): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < count; i += 1) {
      asked += 1;
      const { token } = users[asked % users.length] as LabUser;
      const content = `Where may I leave number ${asked}?`;
      const began = performance.now();
      const { run_id } = await post<{ run_id: number }>(web.port, SEND, { content }, token);
      times.push((await firsts(run_id)) - began);
    }
    return median(times);
  };
  await whole(2 * MESSAGES);
  await roundOf(contexts, TIMES);

  return async () => {
    const message = await whole(MESSAGES);
    const stand = await roundOf(contexts, TIMES);
    const far = await roundOf(hosted, HOSTED_TIMES);
    return [
      ...linesOf(stand, 'the stand-in'),
      {
        ...ALONE,
        figure: 'a whole message to its first token, weak hit',
        unit: 'ms',
        ours: message,
      },
      {
        ...ALONE,
        figure: 'query stage, share of that message',
        unit: '',
        ours: added(stand, 'queries') / message,
      },
      {
        ...ALONE,
        figure: 'answer check, share of that message with it',
        unit: '',
        ours: added(stand, 'check') / (message + added(stand, 'check')),
      },
      ...linesOf(far, `a provider of ${HOSTED.embedding} ms an embedding, ${HOSTED.chat} ms an answer`),
    ];
  };
}

const ALONE = { loop: 'one at a time', floor: '–', floors: Number.NaN, aim: '–' };

function urlOf({ port }: Child): Record<string, string> {
  return { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` };
}

async function roundOf({ process }: Child, times: number): Promise<Contexts> {
  process.send({ times });
  return ((await once(process, 'message')) as [Contexts])[0];
}

/** Ms that a stage adds to a first question with a weak hit. */
function added({ weak }: Contexts, stage: 'queries' | 'check'): number {
  return stage === 'queries' ? weak.queries - weak.without : weak.check - weak.queries;
}

function linesOf(measured: Contexts, who: string): Measured[] {
  const of = (stage: string, floor: string, [ours, floors]: [keyof Ways, keyof Ways]) =>
    (Object.keys(NAMES) as Kind[]).map((kind) => ({
      figure: `${stage}, ${NAMES[kind]}; ${who}`,
      unit: 'ms',
      loop: 'one at a time',
      floor,
      aim: '–',
      ours: measured[kind][ours],
      floors: measured[kind][floors],
    }));
  return [
    ...of('context with the query stage', 'QUERY_MODEL=off', ['queries', 'without']),
    ...of('context with the answer check', 'ANSWER_CHECK=cited', ['check', 'queries']),
  ];
}
