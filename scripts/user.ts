/** `npm run user -- EMAIL --role ROLE`, `--no-second-factor` or `--bounced`: see USAGE. */
import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import { GIVEN_ROLES } from '../db/models/role.ts';

const USAGE = `npm run user -- EMAIL --role ${GIVEN_ROLES.join('|')}
npm run user -- EMAIL --no-second-factor
npm run user -- EMAIL --bounced

Sets the role of an account in DATABASE_URL, from its next request on; removes its second factor, for somebody who lost it; or marks its
address, because a mail to it came back: it gets only mails that concern the account, until a server takes one. It does not create accounts.`;

try {
  await main();
} catch (error) {
  console.error(`npm run user: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = {
    role: { type: 'string' },
    'no-second-factor': { type: 'boolean' },
    bounced: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  const [email, ...more] = positionals;
  if (!email || more.length > 0) throw new Error(`the command must name one e-mail address\n\n${USAGE}`);
  if ([values.role, values['no-second-factor'], values.bounced].filter((one) => one !== undefined).length > 1)
    throw new Error(`--role, --no-second-factor and --bounced exclude each other\n\n${USAGE}`);
  if (values.bounced) {
    await markAddress(email);
    return console.log(`${email} gets only mails that concern the account now`);
  }
  if (values['no-second-factor']) {
    await removeFactor(email);
    return console.log(`${email} has no second factor now`);
  }
  const role = GIVEN_ROLES.find((given) => given === values.role);
  if (role === undefined) throw new Error(`--role must be one of ${GIVEN_ROLES.join(', ')}`);
  await setRole(email, role);
  console.log(`${email} is now ${role}`);
}

function setRole(email: string, role: string): Promise<void> {
  return changed(email, 'user.role_changed', async (user, trx) => {
    await trx('users').where({ id: user.id }).update({ role, updated_at: trx.fn.now() });
    return { from: user.role, to: role };
  });
}

async function removeFactor(email: string): Promise<void> {
  const { oweNotification } = await import('../db/models/notification.ts');
  const { removeSecondFactor } = await import('../db/models/secondFactor.ts');
  return changed(email, 'user.second_factor_off', async (user, trx) => {
    if (await removeSecondFactor(user.id, trx)) await oweNotification('second_factor_off', user.id, {}, trx);
    return {};
  });
}

function markAddress(email: string): Promise<void> {
  return changed(email, 'user.email_bounced', async (user, trx) => {
    await trx('users').where({ id: user.id }).update({ email_refused_at: trx.fn.now() });
    return {};
  });
}

/** Changes an account in a transaction, with its entry of the audit log. `change` returns the details of the entry. */
async function changed(
  email: string,
  action: string,
  change: (user: { id: number; role: string }, trx: Knex) => Promise<object>,
): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { knex } = await import('../db/knex.ts');
  const { AuditEntry } = await import('../db/models/auditEntry.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    await knex.transaction(async (trx) => {
      const [user] = await trx('users').whereRaw('lower(email) = lower(?)', [email]).forNoKeyUpdate();
      if (user === undefined) throw new Error(`no account has the e-mail address ${email}`);
      const details = { by: 'console', ...(await change(user, trx)) };
      const target = { target_type: 'user', target_id: user.id, subject_id: user.id };
      const nobody = { actor_id: null, actor_role: null, ip: null, request_id: null };
      await AuditEntry.write({ action, ...nobody, ...target, details }, trx);
    });
  } finally {
    await stop();
  }
}
