import type { Knex } from 'knex';
import {
  addReplay,
  type Answered,
  type Asked,
  endReplay,
  findReplay,
  type ReplayRow,
  versionFor,
} from '../../db/models/replay.ts';
import type { Along } from '../../db/models/auditEntry.ts';
import { knex } from '../../db/knex.ts';
import { loadTurn } from '../../db/models/turn.ts';
import { parametersOf } from '../assistants/parameters.ts';
import { invalid, problem } from '../base/errors.ts';
import { promptOf } from '../prompt/decide.ts';
import { asSaid, holdsEscapes } from '../prompt/escape.ts';
import { citedIn } from '../prompt/cited.ts';
import { streamChat } from '../provider/chat.ts';
import { chatModels, chatModelsFor } from '../provider/config.ts';
import { ProviderError, timedOut } from '../provider/providerErrors.ts';
import type { Usage } from '../delivery/runEvents.ts';

/** Ms that a model may take. */
const PATIENCE = 120_000;

/**
 * Stores that a run is to be asked again, with an audit entry. The analytics worker asks.
 * @throws Problem `not_found`; `validation_failed` for a version or model that does not exist; `conflict` for a run without a
 * prompt
 */
export async function scheduleReplay(runId: number, asked: Asked, along: Along): Promise<ReplayRow> {
  if (asked.model !== null && !chatModels().some(({ name }) => name === asked.model))
    throw invalid('/model', 'must be one of CHAT_MODEL and CHAT_MODEL_FALLBACK');
  if (asked.assistant_version !== null && (await versionFor(runId, asked.assistant_version)) === undefined)
    throw invalid('/assistant_version', 'must be a version of the run’s assistant');
  return knex.transaction(async (trx: Knex.Transaction) => {
    const added = await addReplay(runId, asked, trx);
    if (added === undefined) throw problem('conflict', 'The run has not ended, or its model was never asked');
    await along(runId, trx);
    return added;
  });
}

/** Asks a replay's question again and stores the answer beside the run. Returns quietly where it is answered or gone. */
export async function answerReplay(id: number): Promise<void> {
  const replay = await findReplay(id);
  if (replay?.status !== 'queued') return;
  await endReplay(id, await askAgain(replay.run_id, replay));
}

/**
 * Asks a run's prompt again: the same history and passages, with the version's instructions. Shows it to nobody.
 * @param patienceMs how long the model may take
 */
export async function askAgain(runId: number, asked: Asked, patienceMs = PATIENCE): Promise<Answered> {
  const turn = await loadTurn(runId);
  // Cancelled, deleted, or without consent any more: its texts may not go to the provider.
  if (turn === undefined || turn.context === null || turn.moderation?.flagged)
    return failure('may_not_be_sent');
  const assistant =
    asked.assistant_version === null
      ? turn.assistant
      : ((await versionFor(runId, asked.assistant_version)) ?? turn.assistant);
  const again = { ...turn, assistant };
  const [model] = chatModelsFor(asked.model ?? assistant?.model ?? null);
  if (model === undefined) return failure('model_not_found');
  const { passages } = turn.context;
  const messages = await promptOf(again, turn.context);
  const signal = AbortSignal.timeout(patienceMs);
  let [content, finish_reason, usage]: [string, string | null, Usage | null] = ['', null, null];
  try {
    const request = { model, messages, ...parametersOf(assistant) };
    for await (const chunk of streamChat(request, signal)) {
      content += chunk.delta;
      finish_reason = chunk.finish_reason ?? finish_reason;
      usage = chunk.usage ?? usage;
    }
  } catch (err) {
    // A replay that is owed for ever would be asked, and paid, again and again.
    if (signal.aborted) return failure(timedOut(err).code);
    // The job comes back by itself when the provider asks for it.
    if (!(err instanceof ProviderError) || err.comeBack) throw err;
    return failure(err.code);
  }
  if (holdsEscapes(messages, passages)) content = asSaid(content);
  const sources = citedIn(content, passages).map(({ faq_id, question, similarity }) => ({
    faq_id,
    question,
    similarity,
  }));
  return { status: 'completed', content, sources, finish_reason, usage, error_code: null };
}

function failure(error_code: string): Answered {
  return { status: 'failed', content: null, sources: [], finish_reason: null, usage: null, error_code };
}
