/** `npm run drill`: see USAGE. */
import { parseArgs } from 'node:util';
import { dumpDrill } from './drill/dump.ts';
import { type Outcome, isWell, table } from './drill/outcome.ts';
import { walDrills } from './drill/wal.ts';

const USAGE = `npm run drill [-- dump|wal] [OPTIONS]

Loses the database of a running installation and brings it back, with npm run backup and npm run restore as they are, while
messages are posted: from a dump; to a point in time, and to the last kept WAL (wal). Redis is emptied, and an account that was
erased after the backup is erased again. Prints a table; exits with 1 when an answer is missing, doubled, or somebody is back.
Needs PostgreSQL with pgvector and Redis; takes about three minutes. See docs/operations.md, Backups.
  --rate N      messages a second, 10
  --seconds N   of messages before and after each backup, 10
  --encrypt     encrypts by age, which must be installed`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '10' },
    encrypt: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});

if (options.help) console.log(USAGE);
else {
  const [rate, seconds] = [Number(options.rate), Number(options.seconds)];
  const wanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  const outcomes: Outcome[] = [];
  if (wanted('dump')) outcomes.push(await dumpDrill(rate, seconds, options.encrypt));
  if (wanted('wal')) outcomes.push(...(await walDrills(rate, seconds, options.encrypt)));
  console.log(table(outcomes));
  process.exit(outcomes.every(isWell) ? 0 : 1);
}
