/** `node lab/bench/old.ts MESSAGES`: adds messages that are a year old to DATABASE_URL; for the figure `retention`. */
import { stop } from '../../shared/base/stop.ts';
import { loadHistory } from '../seed/history.ts';

const DAY = 86_400_000;
const from = new Date(Date.now() - 400 * DAY);
await loadHistory({ from, to: new Date(Date.now() - 300 * DAY) }, Number(process.argv[2]));
await stop();
