import type { Static, TSchema } from 'typebox';
import { expect } from 'chai';
import { served } from '../../api/routes.ts';
import type { chatContract } from '../../api/chat/contract.ts';
import type { authContract } from '../../api/auth/contract.ts';
import type { conversationContract } from '../../api/conversations/contract.ts';
import type { faqContract } from '../../api/faqs/contract.ts';
import type { runContract } from '../../api/runs/contract.ts';
import type { userContract } from '../../api/users/contract.ts';
import type { RunEvent as ServerEvent } from '../../shared/delivery/runEvents.ts';
import { firstSeq as serverFirstSeq } from '../../shared/delivery/runEvents.ts';
import { firstSeq, RUN_EVENTS, type RunEvent } from '../../web/sdk/events.ts';
import { serverEvents } from '../../api/sockets/contract.ts';
import type {
  Conversation,
  DeviceSession,
  Faq,
  Message,
  Page,
  Run,
  SignIn,
  Taken,
  User,
} from '../../web/sdk/types.ts';

type Answer<
  C extends { routes: object },
  Key extends keyof C['routes'],
  Status extends number,
> = C['routes'][Key] extends { answers: Record<Status, { json?: infer Schema }> }
  ? NonNullable<Schema> extends TSchema
    ? Static<NonNullable<Schema>>
    : never
  : never;

/** Compiles only where the API answers what the client reads. */
function fits<Wanted>() {
  return <Given extends Wanted>(..._: [Given] extends [never] ? ['the answer is unknown'] : []): void => {};
}

fits<User>()<Answer<typeof userContract, 'GET /api/v1/users/me', 200>>();
fits<Page<DeviceSession>>()<Answer<typeof userContract, 'GET /api/v1/users/me/sessions', 200>>();
fits<SignIn>()<Answer<typeof authContract, 'POST /api/v1/auth/login', 200>>();
fits<Page<Conversation>>()<Answer<typeof conversationContract, 'GET /api/v1/conversations', 200>>();
fits<Page<Message>>()<Answer<typeof conversationContract, 'GET /api/v1/conversations/:id/messages', 200>>();
fits<Run>()<Answer<typeof runContract, 'GET /api/v1/runs/:id', 200>>();
fits<Taken>()<Answer<typeof chatContract, 'POST /api/v1/chat/send', 202>>();
fits<Faq>()<Answer<typeof faqContract, 'GET /api/v1/faqs/:id', 200>>();
fits<RunEvent>()<ServerEvent>();

describe('the types of the client', () => {
  it('name every event of a run that the server sends', () => {
    const ofRuns = Object.keys(serverEvents).filter((name) => /^(run\.|response)/.test(name));
    expect(RUN_EVENTS).to.have.members(ofRuns);
  });

  it('count attempts as the server does', () => {
    for (const attempt of [1, 2, 3, 40]) expect(firstSeq(attempt)).to.equal(serverFirstSeq(attempt));
  });

  it('belong to routes that are served', () => {
    const keys = served.flatMap(({ routes }) => routes.map(({ key }) => key));
    expect(keys).to.include.members(['POST /api/v1/auth/refresh', 'GET /api/v1/runs/:id/events']);
  });
});
