import type { Job } from 'bullmq';
import { postponeSummary, saveSummary, type Talk, talkOf } from '../db/models/summary.ts';
import { log } from '../shared/base/log.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { asSaid, holdsEscapes } from '../shared/prompt/escape.ts';
import { summaryPrompt } from '../shared/prompt/summary.ts';
import { streamChat } from '../shared/provider/chat.ts';
import { chatModels, type ModelRef } from '../shared/provider/config.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';

/** Tokens, characters and ms of a summary. */
const TOKENS = 300;
const LONGEST = 8_000;
const PATIENCE = 60_000;

/** Summarises a conversation for the person who takes it over. Nobody waits for it: after a failure it is owed later. */
export async function summary(job: Job<Payloads['summary']>): Promise<void> {
  const { conversation_id } = job.data;
  const signal = AbortSignal.timeout(PATIENCE);
  for (const model of chatModels()) {
    // Read anew for each model: while one fails, a consent may be taken back.
    const talk = await talkOf(conversation_id);
    if (talk === undefined) return;
    if (talk.messages.length === 0) return saveSummary(talk, '', null);
    try {
      const text = await ask(talk, model, signal);
      killPoint('summary.written', 0);
      return await saveSummary(talk, text, model.name);
    } catch (err) {
      if (!(err instanceof ProviderError || signal.aborted)) throw err;
      log.warn(
        { err, model: model.name },
        'Model wrote no summary; the next one is asked, or all of them later',
      );
      if (signal.aborted) break;
    }
  }
  await postponeSummary(conversation_id);
}

async function ask(talk: Talk, model: ModelRef, signal: AbortSignal): Promise<string> {
  const request = { model, messages: summaryPrompt(talk), max_completion_tokens: TOKENS, temperature: 0 };
  let text = '';
  for await (const { delta } of streamChat(request, signal)) text += delta;
  if (holdsEscapes(request.messages, [])) text = asSaid(text);
  return [...text.trim().toWellFormed().replaceAll('\0', '')].slice(0, LONGEST).join('');
}
