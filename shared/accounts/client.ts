import type { Knex } from 'knex';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import type { User } from '../../db/models/user.ts';

/** From where somebody signs in: kept with the session, so that people recognise theirs, and in the audit log. */
export type Client = { userAgent: string | null; ip: string; requestId: string };

type Act = {
  /** Who acted, where they have shown who they are. */
  actor?: Pick<User, 'id' | 'role'>;
  /** Whose account it is about; undefined: nobody's. */
  subject: number | undefined;
  session?: number;
};

/** Writes what was done without an access token into the audit log. The first word of `action` says what it was done to. */
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
