import { globSync, readFileSync } from 'node:fs';
import { gatheredLists, handlersOf } from './gathered.ts';
import { wrapProse } from './prose.ts';
import { dashboards, grafana } from '../monitoring/dashboards.ts';
import { typesOfApi } from '../web/types.ts';

/** Returns the files that are made from the code and differ from it, each with the text that it should have. */
export async function oldFiles(): Promise<[file: string, text: string][]> {
  return (await made()).filter(([file, text]) => readFileSync(file, 'utf8') !== text);
}

async function made(): Promise<[file: string, text: string][]> {
  const types = await typesOfApi();
  // After the types, which set the variables that the catalog of jobs reads.
  const { boundsAsTable, mapAsTable, queuesAsTable } = await import('./tables.ts');
  const { jobNames } = await import('../../shared/delivery/jobs.ts');
  return [
    ...gatheredLists(),
    handlersOf(jobNames),
    ['web/sdk/api.ts', types],
    ...pages({
      'docs/privacy.md': { map: mapAsTable() },
      'docs/operations.md': { queues: queuesAsTable(), bounds: boundsAsTable() },
    }),
    ...dashboards.map((one): [string, string] => [
      `deploy/monitoring/dashboards/${one.uid}.json`,
      `${JSON.stringify(grafana(one), null, 2)}\n`,
    ]),
  ];
}

/** Returns the documents with their tables and with wrapped prose. */
function pages(tables: Record<string, Record<string, string>>): [file: string, text: string][] {
  return globSync('{README,ARCHITECTURE,CONTRIBUTING,docs/*}.md').map((file) => [
    file,
    wrapProse(withTables(file, tables[file] ?? {})),
  ]);
}

/** Returns a page in which each table behind its mark `<!-- name -->` is replaced. @throws Error for a page without the mark */
function withTables(file: string, tables: Record<string, string>): string {
  let text = readFileSync(file, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const mark = `<!-- ${name} -->\n`;
    if (!text.includes(mark)) throw new Error(`${file} lacks ${mark}`);
    text = text.replace(new RegExp(`${mark}(\\|.*\n)*`), () => `${mark}${table}\n`);
  }
  return text;
}
