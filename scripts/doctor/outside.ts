import { checkBounces, checkMail } from '../../shared/notifications/checkMail.ts';
import type { Check } from '../../shared/ops/checks.ts';
import { checkRole } from '../../shared/provider/probe.ts';
import { type Finding, note, well, wrong } from './finding.ts';

/** Looks at what is asked over the network: the models, the mail server and the mailbox of returned mails. Costs nothing. */
export async function outside(): Promise<Finding[]> {
  const roles = (['chat', 'embedding', 'moderation'] as const).map(async (role): Promise<Finding> => {
    const check = await checkRole(role);
    if (check === 'off')
      return note('model', `${role}: off`, 'docs/models.md says what is missing without it');
    if (check === 'healthy') return well('model', `${role}: healthy`);
    return wrong('model', `${role}: ${check}`, 'npm run models shows what the server answers');
  });
  const [mail, bounces] = await Promise.all([checkMail(), checkBounces()]);
  return [
    ...(await Promise.all(roles)),
    mail === 'healthy'
      ? well('mail', 'the server takes mail')
      : mail === 'off'
        ? note('mail', 'off: forgotten passwords cannot be reset', 'set SMTP_URL, MAIL_FROM and PUBLIC_URL')
        : wrong('mail', mail, 'compare SMTP_URL with the server: docs/operations.md, Mail and web push'),
    ...(bounces === 'off' ? [] : [mailbox(bounces)]),
  ];
}

function mailbox(check: Check): Finding {
  return check === 'healthy'
    ? well('mail', 'the mailbox of returned mails lets us in')
    : wrong(
        'mail',
        `the mailbox of returned mails: ${check}`,
        'compare MAIL_BOUNCES_URL with the server: docs/operations.md, Mail and web push',
      );
}
