import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

const IMPORT = /(?:^(?:import|export)\b[^;]*?\bfrom\s+|^import\s+|\bimport\()'(\.[^']+\.ts)'/gm;

type Graph = Map<string, Set<string>>;

describe('imports', () => {
  const files = importsOf(globSync('{api,workers,shared,db}/**/*.ts'));

  it('form no circle of files', () => {
    expect([...files.keys()].filter((file) => reaches(file, file, files))).to.deep.equal([]);
  });

  it('form no circle of folders', () => {
    const folders = foldersOf(files);
    expect([...folders.keys()].filter((folder) => reaches(folder, folder, folders))).to.deep.equal([]);
  });

  it('are found in every form', () => {
    const forms = `import a from './a.ts';\nimport {\n  type B,\n} from './b.ts';\nimport './c.ts';\nexport * from './d.ts';\nvoid import('./e.ts');`;
    expect(named(forms, 'x')).to.deep.equal(['a', 'b', 'c', 'd', 'e'].map((name) => `x/${name}.ts`));
  });
});

function importsOf(paths: string[]): Graph {
  return new Map(paths.map((path) => [path, new Set(named(readFileSync(path, 'utf8'), dirname(path)))]));
}

function named(text: string, folder: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, path = '']) => join(folder, path));
}

/** The folders that each folder imports from, without itself. */
function foldersOf(files: Graph): Graph {
  const folders: Graph = new Map();
  for (const [file, imported] of files) {
    const folder = dirname(file);
    const others = [...imported].map(dirname).filter((other) => other !== folder);
    folders.set(folder, new Set([...(folders.get(folder) ?? []), ...others]));
  }
  return folders;
}

function reaches(from: string, to: string, graph: Graph, seen = new Set<string>()): boolean {
  return [...(graph.get(from) ?? [])].some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(next, to, graph, seen);
  });
}
