import { writeFileSync } from 'node:fs';
import { median } from './load.ts';

/** One round of a figure: our value, then its floor. Some rounds yield several lines. */
export type Measured = {
  figure: string;
  unit: string;
  /** 'open' or 'closed' loop, or another way of measurement. */
  loop: string;
  floor: string;
  /** Aim for ours/floor, or for ours without a floor. */
  aim: string;
  ours: number;
  floors: number;
};
/** One line of the table: our values and the floor's, by round. */
export type Line = Omit<Measured, 'ours' | 'floors'> & { ours: number[]; floors: number[] };
export type Ratio = { figure: string; ratio: number };

/** Returns ours/floor for each round. */
export function ratios(line: Line): number[] {
  return line.ours.map((value, i) => value / (line.floors[i] ?? Number.NaN));
}

export function table(lines: Line[]): string {
  const rows = lines.map((line) => {
    const ratio = ratios(line);
    const has = ratio.every(Number.isFinite);
    return `| ${line.figure} | ${line.loop} | ${spread(line.ours)} ${line.unit} | ${has ? `${spread(line.floors)} (${line.floor})` : '–'} | ${has ? spread(ratio, 2) : '–'} | ${line.aim} |`;
  });
  return ['| figure | loop | Parley | floor | ratio | aim |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** Returns a chart of the ratios; the floor is the full width. */
export function chart(lines: Line[]): string {
  const shown = lines.filter((line) => ratios(line).every(Number.isFinite));
  const bars = shown.map((line, i) => {
    const ratio = median(ratios(line));
    const y = 40 + i * 34;
    const width = Math.min(ratio, 2) * 220;
    return `<text x="8" y="${y + 14}">${escape(line.figure)}</text><rect x="330" y="${y}" width="${width.toFixed(0)}" height="18" rx="3" fill="#3b82f6"/><text x="${(336 + width).toFixed(0)}" y="${y + 14}">${ratio.toFixed(2)}</text>`;
  });
  const height = 50 + shown.length * 34;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2937"><rect width="860" height="${height}" fill="#fff"/><text x="8" y="20" font-weight="600">Parley ÷ floor, medians; the line is the floor. Of ms and KiB less is better</text>${bars.join('')}<line x1="550" x2="550" y1="30" y2="${height - 8}" stroke="#9ca3af" stroke-dasharray="4 3"/></svg>\n`;
}

export function writeCharts(lines: Line[]): void {
  writeFileSync('docs/bench.svg', chart(lines));
}

/** Compares the ratios' medians with an earlier bench's. Never compares seconds. */
export function compare(lines: Line[], before: Ratio[]): string {
  return lines
    .map((line) => {
      const old = before.find(({ figure }) => figure === line.figure)?.ratio;
      const now = median(ratios(line));
      return old === undefined || !Number.isFinite(now)
        ? `${line.figure}: new`
        : `${line.figure}: ${old.toFixed(2)} → ${now.toFixed(2)} (${((now / old - 1) * 100).toFixed(0)} %)`;
    })
    .join('\n');
}

/** Returns `median (minimum–maximum)`. */
function spread(values: number[], digits?: number): string {
  const text = (value: number) => value.toFixed(digits ?? (value >= 100 ? 0 : value >= 10 ? 1 : 2));
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
