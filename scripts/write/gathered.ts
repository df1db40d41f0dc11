import { globSync, readFileSync } from 'node:fs';

/** Returns the lists of what folders hold, each as the text of its file. @throws Error for a file that holds nothing for its list */
export function gatheredLists(): [file: string, text: string][] {
  const routes = filesWith('api/*/**/routes.ts', /^export const (\w+) = serve\(/gm);
  const unread = globSync('api/*/**/routes.ts', { exclude: ['api/docs/**'] }).filter(
    (path) => !routes.some(({ file }) => file === path),
  );
  if (unread.length > 0) throw new Error(`${unread.join(', ')}: must hold an \`export const … = serve(\``);
  const resources = routes.map(
    ({ file, name }) => `export { ${name} } from './${file.slice('api/'.length)}';`,
  );
  const tables = filesWith('db/models/**/*.ts', /^export const (tables): Tables = /gm).map(({ file }) => {
    const model = file.slice('db/models/'.length).replace('.ts', '');
    return `export { tables as ${camelCase(model.replaceAll('/', '_'))} } from '../../db/models/${model}.ts';`;
  });
  return [
    ['api/resources.ts', listOf('Every resource of the API.', resources)],
    ['shared/privacy/tables.ts', listOf('What each model says of its tables.', tables)],
  ];
}

function listOf(what: string, lines: string[]): string {
  return [`/** ${what} Gathered by \`npm run write\`. Do not edit. */`, ...lines, ''].join('\n');
}

/** Returns workers/handlers.ts: the handler of each job, which `workers/faqImport.ts` exports as `faqImport` for `faq_import`. */
export function handlersOf(jobNames: string[]): [file: string, text: string] {
  const text = [
    "import type { JobName } from '../shared/delivery/jobs.ts';",
    "import type { Handler } from './work.ts';",
    '',
    '/**',
    ' * Loads the handler of each job, so that a process holds only those of its types. A job without a handler does not compile.',
    ' * Gathered by `npm run write`. Do not edit.',
    ' */',
    'export const handlers: { [Name in JobName]: () => Promise<Handler<Name>> } = {',
    ...jobNames.map((job) => {
      const name = camelCase(job);
      return `  ${job}: async () => (await import('./${name}.ts')).${name},`;
    }),
    '};\n',
  ].join('\n');
  return ['workers/handlers.ts', text];
}

/** Returns the files of a pattern, each with a name that it exports. */
function filesWith(pattern: string, exported: RegExp): { file: string; name: string }[] {
  return globSync(pattern)
    .toSorted()
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(exported)].map(([, name = '']) => ({ file, name })),
    );
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
