/** `npm run audit -- verify`: see USAGE. */
import { parseArgs } from 'node:util';
import type { Broken } from '../db/models/auditChain.ts';

const USAGE = `npm run audit -- verify [--head HASH]

Reads the audit log of DATABASE_URL from its first entry on and holds every entry against its hash.
Prints the head, the hash of the last entry; exits with 1 at the first place that was edited or removed.

--head HASH  a head that was printed before and kept elsewhere: it must still stand in the chain. Without
             it a log that somebody wrote anew as a whole looks sound.`;

const WRONG: Record<Broken['fault'], string> = {
  edited: 'was edited',
  removed: 'was removed',
  cut_off: 'was removed, with all that came after it',
  other_head: 'is not the one that was noted when it was chained: the log was written anew',
  unknown_head: 'does not stand in the chain: the log was written anew, or cut off',
};

try {
  await main();
} catch (error) {
  console.error(`npm run audit: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const options = { head: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  if (positionals.join(' ') !== 'verify') throw new Error(`say what to do\n\n${USAGE}`);
  if (values.head !== undefined && !/^[0-9a-f]{64}$/.test(values.head))
    throw new Error('--head must be 64 digits of hex, as printed');
  await verify(values.head ?? null);
}

async function verify(noted: string | null): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { verifyAuditLog } = await import('../db/models/auditChain.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const found = await verifyAuditLog(noted);
    if ('fault' in found) return complain(found);
    const waiting = found.unchained === 0 ? '' : `, ${found.unchained} more are not chained yet`;
    console.log(`sound: ${found.chain_seq} entries${waiting}\nhead ${found.hash}`);
  } finally {
    await stop();
  }
}

function complain({ fault, chain_seq, entry_id }: Broken): void {
  const what = chain_seq === null ? 'the head' : `entry ${chain_seq} of the chain`;
  console.error(`broken: ${what}${entry_id === null ? '' : ` (id ${entry_id})`} ${WRONG[fault]}`);
  process.exitCode = 1;
}
