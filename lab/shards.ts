/**
 * `node lab/shards.ts`: reads the schema and every statement, and counts what a Postgres that is split by `user_id` (Citus)
 * could send to one shard. Asks no database. docs/scale.md holds what it prints.
 */
import { globSync, readFileSync } from 'node:fs';

const BIG = ['messages', 'runs', 'conversations', 'episodes', 'notifications'];
const ON_BIG = new RegExp(String.raw`\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?(?:${BIG.join('|')})\b`);
const NAMES_USER = /\buser_?id\b/i;

const schema = readFileSync('db/schema.txt', 'utf8');
const carrying = [...schema.matchAll(/^column (\w+)\.user_id\b/gm)].map(([, table]) => table);
console.log(`${carrying.length} tables carry user_id: ${carrying.join(', ')}`);

const statements = globSync('db/models/**/*.ts')
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/`([^`]*)`|'([^'\n]*)'/g)])
  .map(([, template, text]) => template ?? text ?? '')
  .filter((text) => ON_BIG.test(text));
// A user_id that is only selected or inserted finds no shard, so it must stand in a condition or among the values.
const named = statements.filter((text) => /\buser_id\s*(?:=|IN)|=\s*\S*user_id\b|:user_?id\b/i.test(text));
console.log(
  `${statements.length} statements of db/models are on ${BIG.join(', ')}: ${named.length} name the user`,
);

const functions = globSync('db/functions/*.sql')
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .split(/^CREATE (?:OR REPLACE )?FUNCTION /m)
      .slice(1),
  )
  .filter((text) => ON_BIG.test(text));
const getting = functions.filter((text) => {
  const parameters = text.slice(0, text.search(/\bRETURNS\b/));
  return NAMES_USER.test(parameters) || /\bp_user\b|\b(?:runs|conversations|messages)\b/.test(parameters);
});
console.log(
  `${functions.length} SQL functions are on these tables: ${getting.length} get the user, or a row that has it`,
);
const without = functions.filter((text) => !getting.includes(text)).map((text) => text.split('(')[0]);
console.log(`without: ${without.toSorted().join(', ')}`);
