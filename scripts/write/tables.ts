import { jobNames, jobs } from '../../shared/delivery/jobs.ts';
import type { ColumnKind } from '../../db/personalData.ts';
import { personalData } from '../../shared/privacy/map.ts';

const ERASED: Record<(typeof personalData)[string]['erased'], string> = {
  account: 'removed with the account',
  cascade: 'removed with the rows that they belong to',
  unlinked: 'stays, and names the account no longer',
  redacted: 'stays, without who it was',
  none: 'about nobody',
};
const SHOWN: ColumnKind[] = ['identity', 'content', 'behaviour', 'secret'];

/** Returns the tables of the map that hold anything about a user. */
export function mapAsTable(): string {
  const lines = Object.entries(personalData).flatMap(
    ([table, { purpose, kept, erased, exported, columns }]) => {
      if (erased === 'none') return [];
      const personal = SHOWN.flatMap((kind) =>
        columns[kind] === undefined ? [] : [`${kind}: ${columns[kind]}`],
      );
      const what = personal.join('; ') || 'ids only';
      return [[`\`${table}\``, purpose, what, kept, exported ?? 'no', ERASED[erased]]];
    },
  );
  return tableOf(['table', 'why', 'what', 'how long', 'exported', 'erased'], lines);
}

/** Returns what bounds each table, the tables that grow first. */
export function boundsAsTable(): string {
  const lines = (['use', 'time', 'operators'] as const).flatMap((how) =>
    Object.entries(personalData).flatMap(([table, { bound }]) =>
      bound.grows === how ? [[`\`${table}\``, how, bound.by]] : [],
    ),
  );
  return tableOf(['table', 'grows with', 'bounded by'], lines);
}

/** Returns the queues of the catalog of jobs. */
export function queuesAsTable(): string {
  const lines = jobNames.map((name) => {
    const { process: type, slots, attempts } = jobs[name];
    return [
      `\`${name}\``,
      `\`${type}\``,
      typeof slots === 'number' ? String(slots) : `\`${slots}\``,
      String(attempts),
    ];
  });
  return tableOf(['queue', 'process type', 'jobs at once in a process', 'tries'], lines);
}

function tableOf(heads: string[], lines: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...lines.map(line)].join('\n');
}
