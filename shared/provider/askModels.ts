import { thresholdsOf } from '../../db/models/threshold.ts';
import { env } from '../base/env.ts';
import { streamChat } from './chat.ts';
import {
  chatModels,
  embeddingModel,
  type ModelRef,
  moderationModel,
  providerOf,
  requireModels,
  unknownProviders,
} from './config.ts';
import { embed } from './embedding.ts';
import { forgetLearned, learnedOf } from './learned.ts';
import { moderate } from './moderation.ts';
import { ProviderError } from './providerErrors.ts';

type Say = (line: string) => void;

/** Asks each role's models once and says what came back. @returns whether all of them answered */
export async function askModels(say: Say): Promise<boolean> {
  requireModels();
  for (const line of unknownProviders()) say(line);
  let well = true;
  for (const model of chatModels()) well = (await asked('chat', model, say, () => chat(model))) && well;
  const embedding = embeddingModel();
  if (embedding === null) say('embedding   off: the knowledge base is searched by words alone');
  else {
    const dimensions = async () => `${(await embed(['hello'], embedding, 'query'))[0]?.length} dimensions`;
    well = (await asked('embedding', embedding, say, dimensions)) && well;
    say(`            ${await thresholds(embedding.name)}`);
  }
  const moderation = moderationModel();
  if (moderation === null) say('moderation  off: no message is checked');
  else well = (await asked('moderation', moderation, say, verdict)) && well;
  return well;
}

/** Says from which similarity an FAQ counts as an answer. */
async function thresholds(name: string): Promise<string> {
  if (env.PASSAGE_THRESHOLD !== null) return `counts from ${env.PASSAGE_THRESHOLD} (PASSAGE_THRESHOLD)`;
  const found = env.DATABASE_URL === '' ? [] : await thresholdsOf(name).catch(() => []);
  if (found.length === 0) return 'thresholds not measured yet (docs/search.md)';
  const each = found.map(
    ({ language, threshold, coverage }) =>
      `${language} ${threshold.toFixed(2)}${coverage === null ? '' : ` or ${Math.round(coverage * 100)} % of the words`}`,
  );
  return `counts from ${each.join(', ')}`;
}

async function asked(role: string, model: ModelRef, say: Say, ask: () => Promise<string>): Promise<boolean> {
  const { url, kind } = providerOf(model);
  say(`${role.padEnd(11)} ${model.name}`);
  say(`            ${url} (${kind}), ${await listed(model)}`);
  forgetLearned();
  const began = performance.now();
  try {
    say(`            ${await ask()}, ${Math.round(performance.now() - began)} ms`);
    return true;
  } catch (err) {
    const { code, message } = err instanceof ProviderError ? err : { code: 'error', message: String(err) };
    say(`            ${code}: ${message}${saidOf(err)}`);
    return false;
  } finally {
    say(`            ${await refusedBy(model)}`);
  }
}

async function chat(model: ModelRef): Promise<string> {
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  const request = { model, messages, max_completion_tokens: 200, temperature: 0 };
  const began = performance.now();
  let [first, text, counted] = [0, '', 'tokens not counted'];
  for await (const { delta, usage } of streamChat(request, new AbortController().signal)) {
    if (delta !== '') first ||= performance.now() - began;
    text += delta;
    if (usage !== null) counted = `${usage.total_tokens} tokens`;
  }
  return `first token after ${Math.round(first)} ms, ${text.length} characters, ${counted}`;
}

async function verdict(): Promise<string> {
  const { flagged } = await moderate('Good morning!');
  return `"Good morning!" is ${flagged ? 'flagged' : 'allowed'}`;
}

/** Says whether the server's list has the model: some list it under a longer name, some have no list. */
async function listed({ provider, model }: ModelRef): Promise<string> {
  const { url, key } = providerOf({ provider, model });
  const headers = { authorization: `Bearer ${key}`, 'api-key': key };
  try {
    const answer = await fetch(`${url}/models`, { headers, signal: AbortSignal.timeout(5_000) });
    const { data } = (await answer.json()) as { data?: { id?: string }[] };
    if (!answer.ok || !Array.isArray(data)) return 'has no list of models';
    const found = data.some(
      ({ id = '' }) => id === model || id === `${model}:latest` || id === `models/${model}`,
    );
    return found ? 'lists it' : 'does not list it';
  } catch {
    return 'has no list of models';
  }
}

async function refusedBy(model: ModelRef): Promise<string> {
  const { without = [], ...learned } = await learnedOf(model);
  const changed = Object.entries(learned).map(([name, value]) => `${name}=${value}`);
  const all = [...without.map((name) => `no ${name}`), ...changed];
  return all.length === 0 ? 'refused no parameter' : `refused parameters; asked with ${all.join(', ')}`;
}

function saidOf(err: unknown): string {
  const cause = err instanceof Error ? err.cause : undefined;
  return cause instanceof Error ? ` (${cause.message})` : '';
}
