import { expect } from 'chai';
import type { Static, TSchema } from 'typebox';
import type { analyticsContract } from '../../api/analytics/contract.ts';
import type { auditContract } from '../../api/audit/contract.ts';
import type { inboxContract } from '../../api/inbox/contract.ts';
import { served } from '../../api/routes.ts';
import type { systemContract } from '../../api/system/contract.ts';
import type { userAdminContract } from '../../api/users/admin/contract.ts';
import type { webhookContract } from '../../api/webhooks/contract.ts';
import type * as panel from '../../web/admin/types.ts';

type Page<T> = { data: T[]; next_cursor: string | null };
type Answer<
  C extends { routes: object },
  Key extends keyof C['routes'],
  Status extends number,
> = C['routes'][Key] extends { answers: Record<Status, { json?: infer Schema }> }
  ? NonNullable<Schema> extends TSchema
    ? Static<NonNullable<Schema>>
    : never
  : never;

/** Compiles only where the API answers what the panel reads. */
function fits<Wanted>() {
  return <Given extends Wanted>(..._: [Given] extends [never] ? ['the answer is unknown'] : []): void => {};
}

fits<Page<panel.InboxItem>>()<Answer<typeof inboxContract, 'GET /api/v1/inbox', 200>>();
fits<panel.InboxConversation>()<Answer<typeof inboxContract, 'GET /api/v1/inbox/:id', 200>>();
fits<panel.InboxPerson>()<Answer<typeof inboxContract, 'GET /api/v1/inbox/:id/person', 200>>();
fits<Page<panel.Agent>>()<Answer<typeof inboxContract, 'GET /api/v1/inbox/agents', 200>>();
fits<Page<panel.Account>>()<Answer<typeof userAdminContract, 'GET /api/v1/users', 200>>();
fits<panel.Figures>()<Answer<typeof analyticsContract, 'GET /api/v1/analytics/dashboard', 200>>();
fits<{ data: panel.Bucket[] }>()<
  Answer<typeof analyticsContract, 'GET /api/v1/analytics/conversations', 200>
>();
fits<Page<panel.Webhook>>()<Answer<typeof webhookContract, 'GET /api/v1/webhooks', 200>>();
fits<Page<panel.Delivery>>()<Answer<typeof webhookContract, 'GET /api/v1/webhooks/:id/deliveries', 200>>();
fits<Page<panel.AuditEntry>>()<Answer<typeof auditContract, 'GET /api/v1/audit', 200>>();
fits<panel.AuditVerified>()<Answer<typeof auditContract, 'POST /api/v1/audit/verify', 200>>();
fits<panel.SystemState>()<Answer<typeof systemContract, 'GET /api/v1/system', 200>>();

describe('the types of the panel', () => {
  it('belong to routes that are served', () => {
    const keys = served.flatMap(({ routes }) => routes.map(({ key }) => key));
    expect(keys).to.include.members(['GET /api/v1/system', 'GET /api/v1/inbox/:id/person']);
  });
});
