/** `npm run migrate`: see USAGE. */
const USAGE = `npm run migrate

Brings the schema in DATABASE_URL up to date. Safe to run again, and beside a running older version.`;

if (process.argv.includes('--help')) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { migrate } = await import('../db/migrate.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    await migrate();
  } catch (error) {
    console.error(`npm run migrate: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    await stop();
  }
}
