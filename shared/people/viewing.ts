import type { Role } from '../../db/models/role.ts';
import { findInInbox } from '../../db/models/inbox.ts';
import { findPerson } from '../../db/models/person.ts';
import { found, problem } from '../base/errors.ts';
import type { PeopleEvent } from '../delivery/peopleEvents.ts';
import { pushToAgents } from '../delivery/push.ts';
import { Buckets } from '../limits/buckets.ts';

/** A client says again every ten seconds what its agent looks at. */
const VIEWING = new Buckets({ burst: 20, perSecond: 1 });

/**
 * Tells all agents that one of them looks at a conversation, so that two do not answer the same. Nothing is stored, and what
 * does not arrive is lost.
 * @throws Problem `forbidden` for users who are not agents, `not_found`, `rate_limited`
 */
export async function tellViewing(user: { id: number; role: Role }, conversationId: number): Promise<void> {
  if (user.role !== 'agent' && user.role !== 'admin') throw problem('forbidden');
  if (!VIEWING.of(user.id).take()) throw problem('rate_limited', undefined, { retryAfterS: 1 });
  found(await findInInbox(conversationId));
  const name = (await findPerson(user.id))?.name ?? '';
  const { event, data }: PeopleEvent = {
    event: 'viewing',
    data: { conversation_id: conversationId, agent: { id: user.id, name } },
  };
  await pushToAgents(event, data).catch(() => {});
}
