import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { processTypes } from '../services/procfile.ts';
import { expectNone, MissingTool, run, type Step, TOOLS } from './step.ts';

const KUSTOMIZATIONS = ['base', 'release', 'overlays/external', 'overlays/gateway', 'overlays/trial'];
const OVERLAYS = KUSTOMIZATIONS.filter((name) => name.startsWith('overlays/'));
const FOLDER = 'deploy/kubernetes';

type Container = {
  name: string;
  image?: string;
  command?: string[];
  securityContext?: { readOnlyRootFilesystem?: boolean; allowPrivilegeEscalation?: boolean };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  readinessProbe?: object;
  livenessProbe?: object;
};
type Pod = {
  containers: Container[];
  automountServiceAccountToken?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext?: { runAsNonRoot?: boolean };
};
type Rendered = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: { template?: { spec: Pod }; selector?: unknown };
};

export const kubernetes: Step[] = [
  {
    name: 'kubernetes: types',
    run: async (root) => {
      const all = (await Promise.all(KUSTOMIZATIONS.map((name) => render(root, name)))).flat();
      await typeCheck(all);
    },
    faults: [
      { file: `${FOLDER}/base/web.yaml`, from: 'startupProbe:', to: 'startUpProbe:' },
      {
        file: `${FOLDER}/base/network.yaml`,
        from: 'policyTypes: [Ingress, Egress]',
        to: 'policyType: [Ingress, Egress]',
      },
      { file: `${FOLDER}/components/keda/scaling.yaml`, from: 'minReplicaCount: 2', to: 'minReplicas: 2' },
      { file: `${FOLDER}/components/gateway/route.yaml`, from: 'hostnames: [', to: 'hosts: [' },
      { file: `${FOLDER}/base/kustomization.yaml`, from: '- workers.yaml', to: '- works.yaml' },
    ],
  },
  {
    name: 'kubernetes: rules',
    run: async (root) => {
      for (const name of OVERLAYS)
        expectNone(wrongsOf(await render(root, name)).map((wrong) => `${name}: ${wrong}`));
    },
    faults: [
      {
        file: `${FOLDER}/components/process/process.yaml`,
        from: 'readOnlyRootFilesystem: true',
        to: 'readOnlyRootFilesystem: false',
      },
      {
        file: `${FOLDER}/base/workers.yaml`,
        from: 'workers/run.ts, context',
        to: 'workers/run.ts, completion',
      },
      { file: `${FOLDER}/overlays/external/kustomization.yaml`, from: 'namespace: parley\n', to: '' },
      {
        file: `${FOLDER}/components/process/process.yaml`,
        from: 'terminationGracePeriodSeconds: 45',
        to: 'terminationGracePeriodSeconds: 20',
      },
    ],
  },
];

async function render(root: string, name: string): Promise<Rendered[]> {
  const folder = join(root, FOLDER, name);
  const text = await run('kubectl', ['kustomize', folder]).catch((error: unknown) => {
    if (error instanceof MissingTool) return run('kustomize', ['build', folder]);
    throw error;
  });
  try {
    const { loadAll } = createRequire(join(TOOLS, 'x.js'))('js-yaml') as {
      loadAll: (text: string) => unknown[];
    };
    return loadAll(text) as Rendered[];
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      throw new MissingTool('npm packages of deploy/tools are not installed');
    throw error;
  }
}

/** Writes each object as a literal of its type, and lets the compiler find fields that are unknown or of another type. */
async function typeCheck(objects: Rendered[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-types-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(TOOLS, 'kubernetes-types'), join(folder, 'node_modules/kubernetes-types'));
    writeFileSync(join(folder, 'custom.ts'), readFileSync('scripts/deploy/customResources.ts', 'utf8'));
    const lines = objects.map((object, i) => {
      const { apiVersion, kind } = object;
      const path = CUSTOM.has(kind)
        ? './custom.ts'
        : `kubernetes-types/${apiVersion === 'v1' ? 'core/v1' : apiVersion.replace('.k8s.io', '').replace('apiextensions', 'apiextensions')}`;
      return `import type { ${kind} as K${i} } from '${path}';\n/* ${kind} ${object.metadata.name} */\nexport const o${i}: K${i} = ${JSON.stringify(object, null, 1)};`;
    });
    writeFileSync(join(folder, 'all.ts'), lines.join('\n'));
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--moduleResolution',
      'nodenext',
    ];
    await run(
      resolve('node_modules/.bin/tsc'),
      [...flags, '--allowImportingTsExtensions', '--types', '', join(folder, 'all.ts')],
      { cwd: folder },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CUSTOM = new Set(['ScaledObject', 'ServiceMonitor', 'PodMonitor', 'HTTPRoute']);

function wrongsOf(objects: Rendered[]): string[] {
  const wrongs: string[] = [];
  const named = (kind: string) => objects.filter((one) => one.kind === kind);
  for (const one of objects)
    if (one.kind !== 'Namespace' && one.metadata.namespace !== 'parley')
      wrongs.push(`${one.kind} ${one.metadata.name} has no namespace`);
  for (const one of [...named('Deployment'), ...named('StatefulSet')]) {
    const pod = one.spec?.template?.spec;
    if (pod === undefined) continue;
    const expect = (well: boolean | undefined, what: string) => {
      if (well !== true) wrongs.push(`${one.metadata.name}: ${what}`);
    };
    expect(pod.automountServiceAccountToken === false, 'it gets a token of the cluster');
    expect(pod.securityContext?.runAsNonRoot, 'it may run as root');
    if (one.kind === 'Deployment')
      expect((pod.terminationGracePeriodSeconds ?? 30) >= 40, 'it is killed before it has drained');
    for (const container of pod.containers) {
      expect(container.securityContext?.readOnlyRootFilesystem, 'its root is writable');
      expect(container.securityContext?.allowPrivilegeEscalation === false, 'it may gain privileges');
      expect(
        container.resources?.requests?.memory !== undefined &&
          container.resources.limits?.memory !== undefined,
        'it says no memory',
      );
      if (one.metadata.name !== 'backup')
        expect(container.readinessProbe !== undefined, 'nothing asks whether it is ready');
    }
  }
  const commands = named('Deployment').map((one) =>
    one.spec?.template?.spec.containers[0]?.command?.filter((word) => !word.startsWith('--')).join(' '),
  );
  for (const type of processTypes()) {
    const command = type === 'web' ? 'node api/server.ts' : `node workers/run.ts ${type}`;
    if (!commands.includes(command)) wrongs.push(`no Deployment runs ${type}`);
    if (!named('PodDisruptionBudget').some(({ metadata }) => metadata.name === type))
      wrongs.push(`${type} has no PodDisruptionBudget`);
  }
  if (!named('NetworkPolicy').some(({ metadata }) => metadata.name === 'nothing'))
    wrongs.push('what no policy names is allowed');
  return wrongs;
}
