import { migrationsMissing } from '../../db/migrate.ts';
import { backupAges } from '../../db/models/backup.ts';
import { aboutServer } from '../../db/models/server.ts';
import { env } from '../../shared/base/env.ts';
import { checkRedis, lookAtRedis } from '../../shared/delivery/redisFit.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { checkDatabase } from '../../shared/ops/checks.ts';
import { processTypes } from '../services/procfile.ts';
import { type Finding, note, well, wrong } from './finding.ts';

const OLDEST_POSTGRES = 15;
const OLDEST_VECTOR = [0, 8];
/** Seconds by which clocks may differ: tokens and leases compare them. */
const [SKEW_NOTE_S, SKEW_WRONG_S] = [1, 5];
/** How old the newest backup may be. */
const BACKUP_WITHIN_H = 26;

/** Looks at Postgres and Redis, and at their clocks. */
export async function stores(): Promise<Finding[]> {
  return [...(await postgres()), ...(await redisServer())];
}

async function postgres(): Promise<Finding[]> {
  const check = await checkDatabase();
  if (check !== 'healthy')
    return [wrong('postgres', check, 'compare DATABASE_URL with the server: docs/postgres.md')];
  const server = await aboutServer();
  const missing = await migrationsMissing();
  const pools = (processTypes().length + 1) * env.DATABASE_POOL_MAX;
  const [major = 0, minor = 0] = (server.vector ?? '').split('.').map(Number);
  const old =
    major < (OLDEST_VECTOR[0] ?? 0) || (major === OLDEST_VECTOR[0] && minor < (OLDEST_VECTOR[1] ?? 0));
  return [
    server.major >= OLDEST_POSTGRES
      ? well('versions', `PostgreSQL ${server.version}`)
      : wrong(
          'versions',
          `PostgreSQL ${server.version} is too old`,
          `upgrade it to ${OLDEST_POSTGRES} or newer`,
        ),
    server.vector === null
      ? wrong(
          'versions',
          'the extension vector is missing',
          'an administrator runs CREATE EXTENSION vector in this database',
        )
      : old
        ? wrong(
            'versions',
            `pgvector ${server.vector} is too old`,
            'install 0.8 and run ALTER EXTENSION vector UPDATE',
          )
        : well('versions', `pgvector ${server.vector}`),
    missing
      ? wrong('postgres', 'migrations are missing', 'npm run migrate')
      : well('postgres', 'the schema is complete'),
    server.superuser
      ? note(
          'postgres',
          'DATABASE_URL names a superuser',
          'use a role that owns the database and nothing else: docs/postgres.md',
        )
      : well('postgres', 'the role owns its database and no more'),
    pools > server.free_connections
      ? wrong(
          'postgres',
          `one process of each type, and a second web, may open ${pools} connections, and ${server.free_connections} of max_connections ${server.max_connections} are left to roles`,
          'lower DATABASE_POOL_MAX, raise max_connections, or put a pooler between them',
        )
      : well(
          'postgres',
          `connections: ${pools} at most for one process of each type and a second web, of ${server.free_connections}`,
        ),
    ...(missing ? [] : [backup(await backupAges())]),
    skew('Postgres', server.now),
  ];
}

function backup(ages: { kind: string; age_s: number }[]): Finding {
  const taken = ages.filter(({ kind }) => kind !== 'check');
  if (taken.length === 0)
    return note('backups', 'none is noted in this database', 'npm run backup -- --help');
  const hours = Math.round(Math.min(...taken.map(({ age_s }) => age_s)) / 3_600);
  if (hours <= BACKUP_WITHIN_H) return well('backups', `the newest is ${hours} hours old`);
  return wrong(
    'backups',
    `the newest is ${hours} hours old`,
    'look at the log of the backup service: docs/operations.md, Backups',
  );
}

async function redisServer(): Promise<Finding[]> {
  const check = await checkRedis();
  if (check !== 'healthy')
    return [wrong('redis', check, 'compare REDIS_URL with the server; messages wait meanwhile')];
  const misfits = await lookAtRedis();
  const info = await redis.info();
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const [used, most] = [Number(field('used_memory')), Number(field('maxmemory'))];
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const [seconds = 0] = (await redis.time()).map(Number);
  return [
    ...misfits.map(({ reason, serves }) =>
      serves
        ? note('redis', reason, 'docs/operations.md, Queues')
        : wrong('redis', reason, 'docs/operations.md, Queues'),
    ),
    ...(misfits.length === 0 ? [well('redis', `Redis ${field('redis_version')} is as it must be`)] : []),
    most === 0
      ? note(
          'redis',
          'maxmemory is not set, so Redis may take all memory',
          'compute it: docs/operations.md, What Redis may hold',
        )
      : used > most * 0.8
        ? wrong(
            'redis',
            `${mb(used)} of ${mb(most)} are used`,
            'raise maxmemory: a full Redis refuses writes',
          )
        : well('redis', `${mb(used)} of ${mb(most)} are used`),
    skew('Redis', new Date(seconds * 1_000), 1),
  ];
}

/** Compares a store's clock with ours. @param step seconds that the store rounds to */
function skew(name: string, now: Date, step = 0): Finding {
  const apart = Math.max(0, Math.abs(Date.now() - now.getTime()) / 1_000 - step);
  const says = `the clock of ${name} differs by ${apart.toFixed(1)} s`;
  if (apart > SKEW_WRONG_S)
    return wrong('clock', says, 'run NTP on both machines: tokens and leases compare times');
  return apart > SKEW_NOTE_S ? note('clock', says, 'run NTP on both machines') : well('clock', says);
}
