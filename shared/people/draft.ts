import { consentRequired } from '../privacy/consentVersion.ts';
import { findDrafted, findInInbox } from '../../db/models/inbox.ts';
import { historyBefore } from '../../db/models/message.ts';
import { env } from '../base/env.ts';
import type { Source } from '../delivery/runEvents.ts';
import { found, problem } from '../base/errors.ts';
import { noted } from '../accounts/noted.ts';
import { citedIn } from '../prompt/cited.ts';
import { decideContext, promptOf } from '../prompt/decide.ts';
import { answerTo } from '../prompt/tryAssistant.ts';
import type { Agent } from './inbox.ts';

/**
 * Returns what the assistant would answer to a conversation's newest question, for an agent to use or not. Stores nothing but who
 * asked.
 * @param signal aborts when the client stops waiting
 * @throws Problem `not_found`; `conflict`: nothing was asked; `consent_required`: the user took the consent back;
 *   `service_unavailable`: the model does not answer
 */
export async function draft(
  agent: Agent,
  id: number,
  signal: AbortSignal,
): Promise<{ content: string; sources: Source[] }> {
  const { user_id } = found(await findInInbox(id));
  const asked = await findDrafted(id);
  if (asked === undefined) throw problem('conflict', 'Nothing was asked in this conversation');
  if (!asked.may_be_sent) throw consentRequired('The user’s consent to data processing is missing');
  await noted(agent, 'conversation.drafted', { subject_id: user_id })(id);
  const limit = asked.assistant?.history_limit ?? env.HISTORY_LIMIT;
  const { built } = await decideContext(asked, () => historyBefore(id, asked.message_id, limit));
  const prompt = await promptOf(asked, built);
  const content = await answerTo(asked, prompt, built.passages, signal);
  const offered = built.passages.map(({ faq_id, question, similarity }) => ({
    faq_id,
    question,
    similarity,
  }));
  return { content, sources: env.ANSWER_CHECK === 'off' ? offered : citedIn(content, offered) };
}
