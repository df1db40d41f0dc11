/** `npm run audit -- verify`: see USAGE. */
import { parseArgs } from 'node:util';
import type { Broken } from '../db/models/auditChain.ts';
import { command } from './services/command.ts';

const USAGE = `npm run audit -- verify [--head HASH]

Checks each entry of DATABASE_URL's audit log against its hash, from the first to the last.
Prints the head, the hash of the last entry. Exits with 1 at the first entry that was edited or removed.

--head HASH  a head from an earlier run, kept elsewhere: the chain must still contain it. Without a
             head, a log that somebody rewrote as a whole passes.`;

const WRONG: Record<Broken['fault'], string> = {
  edited: 'was edited',
  removed: 'was removed',
  cut_off: 'was removed, with all later entries',
  forged_anchor: 'is where the log begins, and its signature is not genuine: somebody cut the log off',
  other_head: 'differs from the head noted at the time: somebody rewrote the log',
  unknown_head: 'is not in the chain: somebody rewrote the log or cut it off',
};

await command('audit', main, 2);

async function main(): Promise<void> {
  const options = { head: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  if (positionals.join(' ') !== 'verify') throw new Error(`the command must be verify\n\n${USAGE}`);
  if (values.head !== undefined && !/^[0-9a-f]{64}$/.test(values.head))
    throw new Error('--head must be the 64 hex digits of a printed head');
  await verify(values.head ?? null);
}

async function verify(noted: string | null): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { verifyAuditLog } = await import('../db/models/auditChain.ts');
  const { isAnchor } = await import('../shared/privacy/anchors.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const found = await verifyAuditLog(noted, isAnchor);
    if ('fault' in found) return complain(found);
    const waiting = found.unchained === 0 ? '' : `, ${found.unchained} more not chained yet`;
    console.log(`sound: ${found.chain_seq} entries${waiting}\nhead ${found.hash}`);
  } finally {
    await stop();
  }
}

function complain({ fault, chain_seq, entry_id }: Broken): void {
  const lost =
    fault === 'removed' && entry_id !== null ? 'lost a part that no erasure removed' : WRONG[fault];
  const what = chain_seq === null ? 'the head' : `entry ${chain_seq} of the chain`;
  console.error(`broken: ${what}${entry_id === null ? '' : ` (id ${entry_id})`} ${lost}`);
  process.exitCode = 1;
}
