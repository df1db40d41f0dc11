import { type Check, Refused, within } from '../../shared/ops/checks.ts';
import { env } from '../../shared/base/env.ts';

/** Asks for the list of models, which costs no model call, at most every 30 s and once at a time. */
export function checkOpenai(): Promise<Check> {
  if (performance.now() >= openai.freshUntil) {
    openai = { freshUntil: performance.now() + 30_000, check: within(2_000, listModels) };
  }
  return openai.check;
}

let openai: { freshUntil: number; check: Promise<Check> } = {
  freshUntil: Number.NEGATIVE_INFINITY,
  check: Promise.resolve('healthy'),
};

async function listModels(): Promise<void> {
  const base = (env.OPENAI_BASE_URL || 'https://api.openai.com/v1').replace(/\/+$/, '');
  const answer = await fetch(`${base}/models`, {
    headers: { authorization: `Bearer ${env.OPENAI_API_KEY}` },
    signal: AbortSignal.timeout(2_000),
  });
  await answer.body?.cancel();
  if (answer.status === 401 || answer.status === 403)
    throw new Refused(
      `${env.OPENAI_API_KEY === '' ? 'key required' : 'key refused'} (status ${answer.status})`,
    );
  if (!answer.ok) throw new Refused(`status ${answer.status}`);
}
