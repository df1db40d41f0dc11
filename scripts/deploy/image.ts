import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectNone, type Step } from './step.ts';

/** What the image must hold to, as far as its recipe says it. .ci/nightly builds and runs it. */
export const image: Step[] = [
  {
    name: 'image: recipe',
    run: async (root) => {
      const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
      const stage = (name: string) =>
        new RegExp(`^FROM \\S+ AS ${name}\\n([\\s\\S]*?)(?=^FROM |(?![\\s\\S]))`, 'm').exec(text)?.[1] ?? '';
      const runtime = stage('runtime');
      const expectations: [boolean, string][] = [
        [/^ARG NODE_IMAGE=\S+:\d+\.\d+\.\d+-\S+$/m.test(text), 'the base names no exact version'],
        [runtime.match(/^USER .*$/gm)?.at(-1) === 'USER 1000:1000', 'it does not run as 1000'],
        [/^HEALTHCHECK .*CMD/m.test(runtime), 'it has no HEALTHCHECK'],
        [/org\.opencontainers\.image\.version/.test(runtime), 'it has no OCI labels'],
        [!/^COPY .*\b(lab|test)\b/m.test(runtime), 'it holds lab or test'],
        [/^RUN npm ci --omit=dev/m.test(stage('dependencies')), 'it holds development dependencies'],
        [/npm sbom .*>sbom\.cdx\.json/.test(text), 'it has no bill of materials'],
        [/rm -rf node_modules\/typescript/.test(stage('dependencies')), 'it holds TypeScript'],
        [
          /setpriv --reuid=1000 .* node scripts\/compile\.ts/.test(runtime),
          'its processes would compile everything at each start',
        ],
        [/chown -R 0:0 \.compiled/.test(runtime), 'its user may change what it runs'],
        [/^\.env$/m.test(readFileSync(join(root, '.dockerignore'), 'utf8')), '.env would be copied'],
      ];
      expectNone(expectations.filter(([well]) => !well).map(([, what]) => what));
    },
    faults: [
      { file: 'Dockerfile', from: 'COPY db db\nCOPY scripts scripts', to: 'COPY db db\nCOPY lab lab' },
      { file: 'Dockerfile', from: 'USER 1000:1000\nEXPOSE', to: 'EXPOSE' },
      { file: 'Dockerfile', from: 'node scripts/compile.ts', to: 'true' },
      { file: 'Dockerfile', from: 'setpriv --reuid=1000', to: 'setpriv --reuid=0' },
      { file: 'Dockerfile', from: 'chown -R 0:0 .compiled', to: 'true' },
      { file: 'Dockerfile', from: 'npm sbom', to: 'true' },
      { file: 'Dockerfile', from: 'npm ci --omit=dev', to: 'npm ci' },
    ],
  },
];
