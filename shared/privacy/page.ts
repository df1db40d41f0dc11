import { type ColumnKind, personalData } from './map.ts';

const ERASED: Record<(typeof personalData)[string]['erased'], string> = {
  account: 'removed with the account',
  cascade: 'removed with the rows that they belong to',
  unlinked: 'stays, and names the account no longer',
  redacted: 'stays, without who it was',
  none: 'about nobody',
};
const SHOWN: ColumnKind[] = ['identity', 'content', 'behaviour', 'secret'];

/** Returns the map of personal data as a table of docs/privacy.md: the tables that hold anything about a user. */
export function mapAsTable(): string {
  const lines = Object.entries(personalData).flatMap(
    ([table, { purpose, kept, erased, exported, columns }]) => {
      if (erased === 'none') return [];
      const personal = SHOWN.flatMap((kind) =>
        columns[kind] === undefined ? [] : [`${kind}: ${columns[kind]}`],
      );
      return [
        `| \`${table}\` | ${purpose} | ${personal.join('; ') || 'ids only'} | ${kept} | ${exported ?? 'no'} | ${ERASED[erased]} |`,
      ];
    },
  );
  return [
    '| table | why | what | how long | exported | erased |',
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
