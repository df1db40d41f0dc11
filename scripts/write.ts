/** `npm run write`: see USAGE. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gatheredLists } from './write/gathered.ts';
import { oldFiles } from './write/made.ts';
import { writeSchema } from './write/schema.ts';

const USAGE = `npm run write [-- --compare | --without-schema]

Writes the files that are made from the code: the lists of resources, handlers and tables, the types of web/sdk, tables of
docs/privacy.md and docs/operations.md, the dashboards, and db/schema.txt from an empty database: one of its own on the
server of DATABASE_URL, else an embedded one. Wraps the prose of documents.
  --compare          writes nothing, and fails when one of the files is old; test/db/schema.test.ts compares db/schema.txt
  --without-schema   leaves db/schema.txt as it is, which takes no database`;

const { values: options } = parseArgs({
  options: {
    compare: { type: 'boolean' },
    'without-schema': { type: 'boolean' },
    help: { type: 'boolean' },
  },
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
  // First, because the tables of documents are made from it.
  for (const [file, text] of gatheredLists()) writeFileSync(file, text);
  // Then, because the types of web/sdk set DATABASE_URL.
  if (!options['without-schema']) await writeSchema();
  for (const [file, text] of await oldFiles()) writeFileSync(file, text);
}
