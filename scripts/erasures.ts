/** `npm run erasures -- list|replay|verify`: see USAGE. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SignedReceipt } from '../shared/privacy/receipts.ts';
import { command } from './services/command.ts';

const USAGE = `npm run erasures -- list | replay FILE | verify FILE [--key FILE]

list         prints the ledger of DATABASE_URL, one erasure a line. Keep it apart from the backups.
replay FILE  after a backup was restored: erases again every account of the ledger that came back with it,
             under its old receipt, and waits until nothing is left. FILE may be - for standard input
verify FILE  checks the signature of a receipt: what GET /api/v1/erasures/{receipt} answered. FILE may be -
--key FILE   the public key (PEM) to check against; without it that of DATABASE_URL, and not the one in the
             receipt, which anybody could have put there`;

/** Ms until an erasure that waits for a run's end is looked at again. */
const AGAIN = 500;

await command('erasures', main, 2);

async function main(): Promise<void> {
  const options = { key: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [command, file, ...more] = positionals;
  if (values.help) return console.log(USAGE);
  if (command === 'list' && file === undefined) return connected(list);
  if (command === 'replay' && file !== undefined && more.length === 0)
    return connected(() => replay(read(file)));
  if (command === 'verify' && file !== undefined && more.length === 0) {
    const receipt = JSON.parse(read(file)) as SignedReceipt;
    if (values.key !== undefined) return verify(receipt, read(values.key));
    return connected(async () => verify(receipt, await ownKey(receipt)));
  }
  throw new Error(`the command must be list, replay FILE or verify FILE\n\n${USAGE}`);
}

function read(file: string): string {
  return readFileSync(file === '-' ? 0 : file, 'utf8');
}

async function connected(work: () => Promise<void>): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL', 'REDIS_URL');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    await work();
  } finally {
    await stop();
  }
}

async function list(): Promise<void> {
  const { ledger } = await import('../db/models/erasure.ts');
  for (const entry of await ledger()) console.log(JSON.stringify(entry));
}

async function replay(lines: string): Promise<void> {
  const { eraseAgain, goOnErasing } = await import('../shared/privacy/erasure.ts');
  const { findErasure } = await import('../db/models/erasure.ts');
  const entries = lines.split('\n').filter((line) => line.trim() !== '');
  let [again, gone] = [0, 0];
  for (const line of entries) {
    const entry = JSON.parse(line) as { receipt: string; pseudonym: string };
    if (typeof entry.receipt !== 'string' || typeof entry.pseudonym !== 'string')
      throw new Error('each line must be an entry that list printed');
    if (await eraseAgain(entry)) again += 1;
    else gone += 1;
    const erasure = await findErasure(entry.receipt);
    while (erasure !== undefined && !(await goOnErasing(erasure.id)))
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
  console.log(`${again} accounts erased again, ${gone} were not in this database`);
}

async function ownKey({ public_key }: SignedReceipt): Promise<string> {
  const { receiptKeys } = await import('../db/models/erasure.ts');
  const own = (await receiptKeys()).find((key) => key === public_key);
  if (own === undefined) throw new Error('this database never signed with the key of the receipt');
  return own;
}

async function verify(receipt: SignedReceipt, key: string): Promise<void> {
  const { isGenuine } = await import('../shared/privacy/receipts.ts');
  if (isGenuine(receipt, key)) return console.log(`genuine: erased at ${receipt.completed_at}`);
  console.error('not genuine: the receipt was changed, or another key signed it');
  process.exitCode = 1;
}
