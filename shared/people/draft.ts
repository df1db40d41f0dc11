import { consentRequired } from '../privacy/consentVersion.ts';
import { type Drafted, findDrafted, findInInbox } from '../../db/models/inbox.ts';
import { historyBefore } from '../../db/models/message.ts';
import { env } from '../base/env.ts';
import type { Source } from '../delivery/runEvents.ts';
import { found, problem } from '../base/errors.ts';
import { noted } from '../accounts/noted.ts';
import { citedIn } from '../prompt/cited.ts';
import { decideContext, promptOf } from '../prompt/decide.ts';
import { verdictOn } from '../provider/moderation.ts';
import { ProviderError } from '../provider/providerErrors.ts';
import { answerTo } from '../prompt/tryAssistant.ts';
import type { Agent } from './inbox.ts';

/**
 * Returns what the assistant would answer to a conversation's newest question, for an agent to use or not. Stores nothing but who
 * asked.
 * @param signal aborts when the client stops waiting
 * @throws Problem `not_found`; `conflict`: nothing was asked, or moderation does not allow the question or the draft;
 *   `consent_required`: the user took the consent back; `service_unavailable`: the model or moderation does not answer
 */
export async function draft(
  agent: Agent,
  id: number,
  signal: AbortSignal,
): Promise<{ content: string; sources: Source[] }> {
  const { user_id } = found(await findInInbox(id));
  const asked = await sendable(id);
  await noted(agent, 'conversation.drafted', { subject_id: user_id })(id);
  const limit = asked.assistant?.history_limit ?? env.HISTORY_LIMIT;
  const { built } = await decideContext(asked, () => historyBefore(id, asked.message_id, limit));
  const prompt = await promptOf(asked, built);
  // Nobody has judged yet what a user writes to a person.
  await sendable(id);
  await allow(asked.question, user_id);
  await sendable(id);
  const content = await answerTo(asked, prompt, built.passages, signal);
  await sendable(id);
  await allow(content, user_id);
  const offered = built.passages.map(({ faq_id, question, similarity }) => ({
    faq_id,
    question,
    similarity,
  }));
  return { content, sources: env.ANSWER_CHECK === 'off' ? offered : citedIn(content, offered) };
}

/**
 * Returns a conversation's newest question, if it may go to the provider now. Asked before each step, because a step takes its time.
 * @throws Problem `conflict`, `consent_required`
 */
async function sendable(id: number): Promise<Drafted> {
  const asked = await findDrafted(id);
  if (asked === undefined) throw problem('conflict', 'Nothing was asked in this conversation');
  if (!asked.may_be_sent) throw consentRequired('The user’s consent to data processing is missing');
  return asked;
}

const RETRY_AFTER_S = 5;

/** Lets a text pass that moderation allows. @throws Problem `conflict`, `service_unavailable` */
async function allow(text: string, userId: number): Promise<void> {
  try {
    const { flagged } = await verdictOn(text.toWellFormed(), userId);
    if (flagged) throw problem('conflict', 'Moderation does not allow this question or its answer');
  } catch (cause) {
    if (!(cause instanceof ProviderError)) throw cause;
    throw problem('service_unavailable', 'Moderation gives no verdict', {
      retryAfterS: RETRY_AFTER_S,
      cause,
    });
  }
}
