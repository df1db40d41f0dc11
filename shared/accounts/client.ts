import type { Knex } from 'knex';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import type { User } from '../../db/models/user.ts';

/** Where a sign-in comes from. The session keeps it, so that people recognise their own, and so does the audit log. */
export type Client = { userAgent: string | null; ip: string; requestId: string };

type Act = {
  /** Who acted, if they proved who they are. */
  actor?: Pick<User, 'id' | 'role'>;
  /** The account that it concerns; undefined: none. */
  subject: number | undefined;
  session?: number;
};

/** Writes an act without an access token into the audit log. The first word of `action` names the kind of target. */
export async function noteSignIn(
  action: `${'user' | 'session'}.${string}`,
  { actor, subject, session }: Act,
  { ip, requestId }: Client,
  trx: Knex,
): Promise<void> {
  const ofSession = action.startsWith('session.');
  await AuditEntry.write(
    {
      action,
      actor_id: actor?.id ?? null,
      actor_role: actor?.role ?? null,
      target_type: ofSession ? 'session' : 'user',
      target_id: (ofSession ? session : subject) ?? null,
      subject_id: subject ?? null,
      ip,
      request_id: requestId,
      details: ofSession || session === undefined ? {} : { session_id: session },
    },
    trx,
  );
}
