import { markBounced } from '../../db/models/bounce.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { mailTries } from '../ops/metrics.ts';
import { mailDomain } from '../ops/mailSettings.ts';
import { readMaildrop } from './maildrop.ts';
import { reportIn } from './report.ts';

/** Mails of others, which stay in the mailbox. */
const known = new Set<string>();

/**
 * Reads the mailbox of MAIL_BOUNCES_URL. Marks each address that will take no mail, and deletes the reports on mails of this
 * installation; other mails stay. Only who got a mail, and the servers that carried it, know its Message-ID: nobody
 * marks the address of somebody else.
 * @returns how many addresses were marked
 * @throws MaildropError
 */
export async function readBounces(): Promise<number> {
  let marked = 0;
  await readMaildrop(new URL(env.MAIL_BOUNCES_URL), known, async (mail) => {
    const report = reportIn(mail);
    if (report?.domain !== mailDomain().toLowerCase()) return false;
    // People may send from the same domain, and what came back of theirs stays.
    if (report.refused === null) return report.automatic;
    const sent = await markBounced(report.key, report.refused, report.ofAddress);
    if (sent.marked) marked += 1;
    const isOurs = sent.known || report.automatic;
    if (isOurs) mailTries.inc({ outcome: 'returned' });
    return isOurs;
  });
  if (marked > 0) log.info({ marked }, 'Addresses marked: their mails came back');
  return marked;
}
