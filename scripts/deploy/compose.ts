import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNone, run, type Step } from './step.ts';

type Service = {
  image?: string;
  command?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  logging?: { options?: Record<string, string> };
  deploy?: { resources?: { limits?: { memory?: string; cpus?: number } } };
  healthcheck?: object;
  environment?: Record<string, string | null>;
  depends_on?: Record<string, object>;
  user?: string;
  networks?: Record<string, unknown>;
  profiles?: string[];
};
type Composed = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};

const SECRETS = ['POSTGRES_PASSWORD', 'DATABASE_PASSWORD', 'BACKUP_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET'];
const FILLED = Object.fromEntries(SECRETS.map((name) => [name, 'x'.repeat(40)]));
const SMALL = ['-f', 'docker-compose.yml', '-f', 'deploy/compose.small.yml'];
/** What .env holds for other containers than ours. */
const OTHERS_SECRETS = ['POSTGRES_PASSWORD', 'DATABASE_PASSWORD', 'BACKUP_PASSWORD', 'GRAFANA_PASSWORD'];
/** Connections that backups, the exporter and an operator may have. */
const OTHERS = 10;

export const compose: Step[] = [
  {
    name: 'compose: config',
    run: async (root) => {
      await ask(root, ['config', '--quiet'], FILLED);
      await ask(root, [...SMALL, 'config', '--quiet'], FILLED);
      await ask(root, ['--profile', 'monitoring', 'config', '--quiet'], FILLED);
      for (const missing of SECRETS) {
        const { [missing]: _, ...rest } = FILLED;
        const refused = await ask(root, ['config', '--quiet'], rest).then(
          () => false,
          () => true,
        );
        if (!refused) throw new Error(`starts without ${missing}`);
      }
    },
    faults: [
      { file: 'docker-compose.yml', from: 'cap_drop: [ALL]', to: 'cap_dropp: [ALL]' },
      {
        file: 'docker-compose.yml',
        from: '${JWT_SECRET:?put a long random JWT_SECRET into .env}',
        to: '${JWT_SECRET:-}',
      },
      { file: 'deploy/compose.small.yml', from: 'service: completion', to: 'service: completions' },
    ],
  },
  {
    name: 'compose: confined',
    run: async (root) => {
      const whole = await read(root, ['--profile', 'monitoring']);
      const wrongs = Object.entries(whole.services).flatMap(([name, service]) => wrongsOf(name, service));
      const { web, stores } = { web: whole.services['web-a'], stores: whole.services.postgres };
      if (Object.keys(web?.depends_on ?? {}).some((on) => on === 'redis')) wrongs.push('web waits for redis');
      for (const name of ['stores', 'front', 'monitoring'])
        if (whole.networks[name]?.internal !== true) wrongs.push(`the network ${name} reaches the outside`);
      if (Object.keys(stores?.networks ?? {}).join() !== 'stores')
        wrongs.push('postgres is in other networks');
      expectNone(wrongs);
    },
    faults: [
      { file: 'docker-compose.yml', from: 'cap_drop: [ALL]', to: 'cap_drop: [NET_RAW]' },
      { file: 'docker-compose.yml', from: "POSTGRES_PASSWORD: ''", to: "POSTGRES_PASSWORT: ''" },
      { file: 'docker-compose.yml', from: 'read_only: true', to: 'read_only: false' },
      { file: 'docker-compose.yml', from: 'stores: { internal: true }', to: 'stores: { internal: false }' },
    ],
  },
  {
    name: 'compose: connections',
    run: async (root) => {
      for (const files of [[], SMALL]) {
        const { services } = await read(root, files);
        const most = Number(
          /max_connections=(\d+)/.exec(services.postgres?.command?.join(' ') ?? '')?.[1] ?? 0,
        );
        const pools = Object.values(services).map(({ environment }) =>
          Number(environment?.DATABASE_POOL_MAX ?? 0),
        );
        const sum = pools.reduce((total, one) => total + one, 0);
        if (sum + OTHERS > most)
          throw new Error(`${sum} connections of pools and ${OTHERS} others exceed ${most}`);
      }
    },
    faults: [{ file: 'docker-compose.yml', from: 'max_connections=200', to: 'max_connections=100' }],
  },
];

function wrongsOf(name: string, service: Service): string[] {
  const wrongs: string[] = [];
  const expect = (well: boolean, what: string) => {
    if (!well) wrongs.push(`${name}: ${what}`);
  };
  expect(service.read_only === true, 'its root is writable');
  expect(service.cap_drop?.includes('ALL') === true, 'it keeps capabilities');
  expect(service.security_opt?.includes('no-new-privileges:true') === true, 'it may gain privileges');
  expect(service.logging?.options?.['max-size'] !== undefined, 'its log grows without end');
  expect(service.deploy?.resources?.limits?.memory !== undefined, 'it has no limit of memory');
  if (name === 'backup' || service.environment?.JWT_SECRET)
    for (const secret of OTHERS_SECRETS)
      expect(service.environment?.[secret] === '', `it gets ${secret} of .env`);
  expect(service.user !== undefined, 'its user is left to the image');
  return wrongs;
}

async function read(root: string, args: string[]): Promise<Composed> {
  return JSON.parse(await ask(root, [...args, 'config', '--format', 'json'], FILLED)) as Composed;
}

/** Asks compose in an environment of its own, so that nobody's .env or variable decides. */
async function ask(root: string, args: string[], env: Record<string, string>): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'parley-compose-'));
  const unset = Object.fromEntries(
    [...SECRETS, 'COMPOSE_FILE', 'COMPOSE_PROFILES'].map((name) => [name, undefined]),
  );
  try {
    return await run('docker-compose', ['--env-file', '/dev/null', ...args], {
      cwd: root,
      env: { ...unset, ...env, HOME: home },
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}
