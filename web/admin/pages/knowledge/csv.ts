/** Columns that an import knows; CSV has the first two at least. */
export const FIELDS = [
  'question',
  'answer',
  'category',
  'keywords',
  'language',
  'status',
  'priority',
  'slug',
  'meta_title',
  'meta_description',
] as const;
export type FieldName = (typeof FIELDS)[number];
/** For each column its field; '': left out. */
export type Mapping = (FieldName | '')[];
/** `line`: the row of the spreadsheet, whose first row is 1. */
export type Sheet = { header: string[]; rows: { line: number; cells: string[] }[] };

/** Other names of columns, as people and other products write them. */
const ALIASES: Record<string, FieldName> = {
  frage: 'question',
  title: 'question',
  antwort: 'answer',
  reply: 'answer',
  text: 'answer',
  content: 'answer',
  kategorie: 'category',
  priorität: 'priority',
  topic: 'category',
  tags: 'keywords',
  stichwörter: 'keywords',
  sprache: 'language',
  lang: 'language',
  locale: 'language',
  url: 'slug',
};
const SEPARATORS = [',', ';', '\t', '|'];

/** Reads a CSV file with a header line, as RFC 4180 and spreadsheets write it. Blank lines are left out. */
export function parseCsv(text: string): Sheet {
  const named = /^\uFEFF?"?sep=(.)"?[^\n]*\n/i.exec(text);
  const rest = (named ? text.slice(named[0].length) : text).replace(/^\uFEFF/, '');
  const separator = named?.[1] ?? separatorOf(rest);
  const [header, ...rows] = recordsOf(rest, separator)
    .map((cells, i) => ({ line: i + 1, cells }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  return { header: header?.cells ?? [], rows };
}

/** The separator that divides the first line into the most columns. */
function separatorOf(text: string): string {
  const [line = ''] = text.trimStart().split(/\r\n|\r|\n/, 1);
  const parts = (separator: string) => line.split(separator).length;
  return SEPARATORS.reduce((best, one) => (parts(one) > parts(best) ? one : best));
}

function recordsOf(text: string, separator: string): string[][] {
  const records: string[][] = [];
  let [record, cell, quoted]: [string[], string, boolean] = [[], '', false];
  const endRecord = () => {
    records.push([...record, cell]);
    [record, cell] = [[], ''];
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"' && cell.trim() === '') [quoted, cell] = [true, ''];
    else if (char === separator) {
      record.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && text[i + 1] === '\n') i += 1;
      endRecord();
    } else cell += char;
  }
  if (cell !== '' || record.length > 0) endRecord();
  return records;
}

/** Guesses the field of each column by its name; no field twice. */
export function guess(header: string[]): Mapping {
  const taken = new Set<string>();
  return header.map((name) => {
    const plain = name.trim().toLowerCase().replaceAll(/\s+/g, '_');
    const field = (FIELDS as readonly string[]).includes(plain) ? (plain as FieldName) : ALIASES[plain];
    if (field === undefined || taken.has(field)) return '';
    taken.add(field);
    return field;
  });
}

/**
 * Makes the items of an import, each with its row: faults name it. An empty cell is left out.
 * @param slugs of categories, by their names in small letters: people write names, the API takes slugs
 */
export function itemsOf(
  { rows }: Sheet,
  mapping: Mapping,
  slugs: ReadonlyMap<string, string> = new Map(),
): Record<string, unknown>[] {
  return rows.map(({ line, cells }) => {
    const item: Record<string, unknown> = { line };
    mapping.forEach((field, i) => {
      const cell = (cells[i] ?? '').trim();
      if (field === '' || cell === '') return;
      item[field] = field === 'category' ? (slugs.get(cell.toLowerCase()) ?? cell) : valueOf(field, cell);
    });
    return item;
  });
}

function valueOf(field: FieldName, cell: string): unknown {
  if (field === 'priority') return /^-?\d+$/.test(cell) ? Number(cell) : cell;
  if (field !== 'keywords') return cell;
  // `\|` is a `|` of a keyword.
  const words = cell.split(/(?<!\\)\|/).map((word) => word.replaceAll('\\|', '|').trim());
  return words.filter((word) => word !== '');
}

/** Reads the bytes of a file: UTF-8, UTF-16 with a byte order mark, else Windows-1252. */
export function decode(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
