import { escaped } from '../base/escaped.ts';
import type { Costs } from './costs.ts';
import type { Dashboard } from './dashboard.ts';
import type { KnowledgeFigures } from './knowledge.ts';
import type { Bucket } from './overTime.ts';

export type Report = { dashboard: Dashboard; buckets: Bucket[]; costs: Costs; knowledge: KnowledgeFigures };

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [760, 200, 52, 22];
const STYLE = `
  :root { color-scheme: light dark; --ink: #1c2330; --soft: #667085; --line: #d0d5dd; --page: #fff; --bar: #3b6fd4; --other: #c2571a; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e7eaf0; --soft: #98a2b3; --line: #344054; --page: #12161e; --bar: #7aa5f7; --other: #f0975a; } }
  body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 800px; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; } caption { text-align: left; font-weight: 600; padding: .25rem 0; }
  th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
  th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; } th { color: var(--soft); font-weight: 500; }
  figure { margin: 0 0 1.5rem; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; } p { color: var(--soft); }`;

/** Writes a report as one HTML page that loads nothing from anywhere: charts are SVG, there is no script. */
export function reportPage({ dashboard, buckets, costs, knowledge }: Report): string {
  const { from, to, timezone, totals, quality, previous, speed, top, updated_at } = dashboard;
  const title = `Parley, ${day(from, timezone)} to ${day(new Date(to.getTime() - 1), timezone)}`;
  const money =
    totals.cost === null ? [] : [['cost', totals.cost.amount, previous.totals.cost?.amount ?? null]];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1>
<p>${escaped(timezone)}, as of ${escaped(updated_at.toISOString())}. Beside each figure: the same of the ${Math.round((to.getTime() - from.getTime()) / 86_400_000)} days before.</p>
${chart('Messages and answers', buckets, timezone, 'messages_in', 'answers')}
${chart('Tokens', buckets, timezone, 'tokens')}
${chart('Answers rated up and down', buckets, timezone, 'rated_up', 'rated_down')}
${table(
  'Totals',
  ['', 'now', 'before'],
  [
    ['people who wrote', totals.users_active, previous.totals.users_active],
    ['new accounts', totals.users_new, previous.totals.users_new],
    ['conversations', totals.conversations, previous.totals.conversations],
    ['messages', totals.messages_in, previous.totals.messages_in],
    ['answers', totals.answers, previous.totals.answers],
    ['of these failed', totals.answers_by_status.failed, previous.totals.answers_by_status.failed],
    ['handed to people', totals.handoffs, previous.totals.handoffs],
    ['tokens', totals.tokens.total, previous.totals.tokens.total],
    ...money,
  ],
)}
${table(
  'Quality',
  ['', 'now', 'before'],
  [
    ['answers from the knowledge base', quality.from_knowledge, previous.quality.from_knowledge],
    ['answers without a source', quality.unanswered, previous.quality.unanswered],
    ['resolved by the assistant', quality.resolved_by_bot, previous.quality.resolved_by_bot],
    [
      'of conversations with an answer',
      percent(quality.resolution_rate),
      percent(previous.quality.resolution_rate),
    ],
    ['handed over', percent(quality.handoff_rate), percent(previous.quality.handoff_rate)],
    ['rating of conversations, 1 to 5', quality.csat.average, previous.quality.csat.average],
  ],
)}
${table(
  'Speed, in ms',
  ['', 'p50', 'p95', 'p99'],
  Object.entries(speed).map(([name, { p50, p95, p99 }]) => [name, p50, p95, p99]),
)}
${table(
  'FAQs that answered',
  ['', 'uses', 'rated up', 'rated down'],
  knowledge.faqs.map((one) => [one.question, one.uses, one.rated_up, one.rated_down]),
)}
${table(
  'Models',
  ['', 'answers', 'tokens', costs.currency ?? 'cost'],
  costs.models.map((one) => [one.model, one.answers, one.tokens, one.amount]),
)}
${table(
  'Languages',
  ['', 'messages'],
  top.languages.map((one) => [one.language, one.messages]),
)}
</body></html>
`;
}

type Series = { [Name in keyof Bucket]: Bucket[Name] extends number ? Name : never }[keyof Bucket];

/** Draws one or two series as bars, with a text of each for readers of screens. */
function chart(title: string, buckets: Bucket[], timezone: string, ...names: Series[]): string {
  const most = Math.max(1, ...buckets.flatMap((bucket) => names.map((name) => bucket[name])));
  const step = (WIDTH - LEFT) / Math.max(1, buckets.length);
  const bars = buckets.flatMap((bucket, i) =>
    names.map((name, n) => {
      const height = (bucket[name] / most) * (HEIGHT - BOTTOM - 10);
      const width = Math.max(1, (step * 0.8) / names.length);
      const x = LEFT + i * step + n * width;
      return `<rect x="${x.toFixed(1)}" y="${(HEIGHT - BOTTOM - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="var(${n === 0 ? '--bar' : '--other'})"><title>${escaped(`${day(bucket.start, timezone)}: ${bucket[name]} ${name}`)}</title></rect>`;
    }),
  );
  const [first, last] = [buckets[0], buckets.at(-1)];
  const label = (x: number, y: number, text: string, anchor = 'start') =>
    `<text x="${x}" y="${y}" font-size="12" fill="var(--soft)" text-anchor="${anchor}">${escaped(text)}</text>`;
  return `<figure><figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${title}: ${names.map((name) => `${name} ${buckets.reduce((sum, bucket) => sum + bucket[name], 0)}`).join(', ')}`)}">
<line x1="${LEFT}" x2="${WIDTH}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" stroke="var(--line)"/>
${label(LEFT - 6, 20, shown(most), 'end')}${label(LEFT - 6, HEIGHT - BOTTOM, '0', 'end')}
${first ? label(LEFT, HEIGHT - 4, day(first.start, timezone)) : ''}${last ? label(WIDTH, HEIGHT - 4, day(last.start, timezone), 'end') : ''}
${bars.join('')}</svg></figure>`;
}

function table(caption: string, head: string[], lines: (string | number | null)[][]): string {
  if (lines.length === 0) return '';
  const row = (cells: (string | number | null)[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(shown(cell))}</${tag}>`).join('')}</tr>`;
  return `<table><caption>${escaped(caption)}</caption><thead>${row(head, 'th')}</thead><tbody>${lines.map((line) => row(line, 'td')).join('')}</tbody></table>`;
}

function shown(value: string | number | null): string {
  if (value === null) return '–';
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 4 }) : value;
}

function percent(rate: number | null): string {
  return rate === null ? '–' : `${(rate * 100).toFixed(1)} %`;
}

function day(at: Date, timezone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short' }).format(at);
}
