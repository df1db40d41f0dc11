import type { Role } from '../../db/models/role.ts';
import { findTalk } from '../../db/models/inbox.ts';
import { found, problem } from '../base/errors.ts';
import type { PeopleEvent } from '../delivery/peopleEvents.ts';
import { push, pushToAgents } from '../delivery/push.ts';
import { Buckets } from '../limits/buckets.ts';

/** A client says once in some seconds that somebody types. */
const TYPING = new Buckets({ burst: 10, perSecond: 1 });

/**
 * Tells that somebody types: a user to the agent who has the conversation, or to all agents while it waits; an agent to the user.
 * Nothing is stored, and what does not arrive is lost. While the bot answers nobody is told.
 * @throws Problem `not_found`; `conflict`: the agent has not taken the conversation; `rate_limited`
 */
export async function tellTyping(user: { id: number; role: Role }, conversationId: number): Promise<void> {
  if (!TYPING.of(user.id).take()) throw problem('rate_limited', undefined, { retryAfterS: 1 });
  const isAgent = user.role === 'agent' || user.role === 'admin';
  const { user_id, status, agent_id } = found(await findTalk(conversationId, user.id, isAgent));
  const by = user_id === user.id ? 'user' : 'agent';
  const { event, data }: PeopleEvent = { event: 'typing', data: { conversation_id: conversationId, by } };
  if (by === 'agent') {
    if (agent_id !== user.id) throw problem('conflict', 'Take this conversation first');
    await push(user_id, event, data).catch(() => {});
  } else if (status === 'waiting') {
    await pushToAgents(event, data).catch(() => {});
  } else if (status === 'agent' && agent_id !== null) {
    await push(agent_id, event, data).catch(() => {});
  }
}
