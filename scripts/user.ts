/** `npm run user -- EMAIL --role ROLE`: see USAGE. */
import { parseArgs } from 'node:util';
import { GIVEN_ROLES } from '../db/models/role.ts';

const USAGE = `npm run user -- EMAIL --role ${GIVEN_ROLES.join('|')}

Sets the role of an account in DATABASE_URL, from its next request on. It does not create accounts.`;

try {
  await main();
} catch (error) {
  console.error(`npm run user: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = { role: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  const [email, ...more] = positionals;
  if (!email || more.length > 0) throw new Error(`the command must name one e-mail address\n\n${USAGE}`);
  const role = GIVEN_ROLES.find((given) => given === values.role);
  if (role === undefined) throw new Error(`--role must be one of ${GIVEN_ROLES.join(', ')}`);
  await setRole(email, role);
  console.log(`${email} is now ${role}`);
}

async function setRole(email: string, role: string): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { knex } = await import('../db/knex.ts');
  const { AuditEntry } = await import('../db/models/auditEntry.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    await knex.transaction(async (trx) => {
      const [user] = await trx('users').whereRaw('lower(email) = lower(?)', [email]).forNoKeyUpdate();
      if (user === undefined) throw new Error(`no account has the e-mail address ${email}`);
      await trx('users').where({ id: user.id }).update({ role, updated_at: trx.fn.now() });
      const details = { by: 'console', from: user.role, to: role };
      const target = { target_type: 'user', target_id: user.id, subject_id: user.id };
      const nobody = { actor_id: null, actor_role: null, ip: null, request_id: null };
      await AuditEntry.write({ action: 'user.role_changed', ...nobody, ...target, details }, trx);
    });
  } finally {
    await stop();
  }
}
