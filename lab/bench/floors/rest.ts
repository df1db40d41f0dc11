/**
 * Floors of memory at rest. `node`: nothing. `packages`: a BullMQ worker, a pool of PostgreSQL, log, metrics and schemas, by the
 * packages that each worker of Parley needs.
 */
import { collectLoading } from '../../../shared/base/collected.ts';

if (process.argv[2] === 'packages') {
  const [{ Worker, Queue, FlowProducer }, { Redis }, { default: knex }] = await Promise.all([
    import('bullmq'),
    import('ioredis'),
    import('knex'),
    import('pg'),
    import('objection'),
    import('pino'),
    import('prom-client'),
    import('typebox'),
    import('typebox/value'),
  ]);
  const connection = new Redis(process.env.REDIS_URL ?? '', { maxRetriesPerRequest: null });
  const database = knex({ client: 'pg', connection: process.env.DATABASE_URL ?? '' });
  await database.raw('SELECT 1');
  new Queue('rest', { connection });
  new FlowProducer({ connection });
  await new Worker('rest', async () => {}, { connection }).waitUntilReady();
}
collectLoading();
// An end of its own keeps what was compiled: the next start then needs nothing that reads TypeScript.
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
process.send?.({ port: 0 });
