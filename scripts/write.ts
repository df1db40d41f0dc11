/** `npm run write`: see USAGE. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { oldFiles } from './write/made.ts';
import { writeSchema } from './write/schema.ts';

const USAGE = `npm run write [-- --compare]

Writes the files that are made from the code: the types of web/sdk, tables of docs/privacy.md and docs/operations.md, and the
dashboards. With DATABASE_URL also db/schema.txt, from a database of its own on that server, which must be native PostgreSQL.
  --compare   writes nothing, and fails when one of the files is old; test/db/schema.test.ts compares db/schema.txt`;

const { values: options } = parseArgs({
  options: { compare: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (options.help) console.log(USAGE);
else if (options.compare) process.exitCode = await compare();
else await write();

async function compare(): Promise<number> {
  const old = await oldFiles();
  for (const [file] of old) console.error(`write: ${file} is old: run \`npm run write\``);
  return old.length === 0 ? 0 : 1;
}

async function write(): Promise<void> {
  const server = process.env.DATABASE_URL;
  for (const [file, text] of await oldFiles()) writeFileSync(file, text);
  if (server) await writeSchema(server);
  else console.log('write: db/schema.txt stays as it is: DATABASE_URL names no server');
}
