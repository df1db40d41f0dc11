import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { runToEnd } from '../services/supervise.ts';
import { settings } from './settings.ts';

/**
 * What every restore needs before users come back: the schema of this release, an empty Redis, and the erasures since the backup.
 * @param ledger undefined: the one in BACKUP_DIR; null: there is none
 * @throws Error where the ledger is missing, because erased people would come back
 */
export async function afterwards(ledger: string | null | undefined): Promise<void> {
  const file = ledger === undefined ? join(settings.dir, 'ledger', 'erasures.jsonl') : ledger;
  if (file !== null && !existsSync(file))
    throw new Error(`the ledger ${file} is missing; --no-ledger if nobody was ever erased`);
  const url = process.env.REDIS_URL ?? '';
  if (url === '') throw new Error('REDIS_URL is not set: jobs of a later time must go');
  await runToEnd('scripts/migrate.ts', process.env);
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on('error', () => {});
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
  console.log('the schema is complete, and Redis is empty');
  if (file === null) return;
  await runToEnd('scripts/erasures.ts', process.env, ['replay', file]);
  console.log('erased again who was erased since');
}
