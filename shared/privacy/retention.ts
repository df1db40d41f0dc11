import { anchorAuditLog, areSound, auditAnchor, oldEntries } from '../../db/models/auditAnchor.ts';
import { cutOldAddresses, deleteOldMessages } from '../../db/models/retention.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { killPoint } from '../ops/killpoint.ts';
import { signAnchor } from './anchors.ts';

/** What a pass deleted or cut. */
export type Retained = {
  messages: number;
  conversations: number;
  audit_entries: number;
  addresses: number;
};

/** Deletes and cuts a batch of what is older than the settings allow. What has no setting is kept. */
export async function retain(batch: number): Promise<Retained> {
  const { RETENTION_MESSAGES_DAYS: messageDays, RETENTION_AUDIT_DAYS: auditDays, IP_DAYS: ipDays } = env;
  const none = { messages: 0, conversations: 0 };
  const gone = messageDays === null ? none : await deleteOldMessages(messageDays, batch);
  if (gone.messages > 0) killPoint('retention.deleted', 0);
  return {
    ...gone,
    audit_entries: auditDays === null ? 0 : await deleteOldEntries(auditDays, batch),
    addresses: await cutOldAddresses(ipDays, batch),
  };
}

/**
 * Deletes a batch of old entries of the audit log. The signed anchor says where the chain begins then. Entries that do not verify
 * stay, because deleting them would hide what somebody did to them.
 */
export async function deleteOldEntries(days: number, batch: number): Promise<number> {
  const end = await oldEntries(days, batch);
  if (end === undefined) return 0;
  const from = (await auditAnchor()) ?? { chain_seq: 0, hash: '00'.repeat(32) };
  if (!(await areSound(from, end))) {
    log.error(
      { from: from.chain_seq, to: end.chain_seq },
      'Audit log does not verify; old entries stay: npm run audit -- verify',
    );
    return 0;
  }
  const signed = await signAnchor(end);
  killPoint('retention.signed', end.chain_seq);
  return anchorAuditLog({ ...end, ...signed });
}
