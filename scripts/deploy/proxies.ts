import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Step } from './step.ts';

export const proxies: Step[] = [
  {
    name: 'nginx',
    run: (root) =>
      inFolder(async (folder) => {
        await certify(root, folder);
        const own = readFileSync(join(root, 'deploy/nginx/own.conf'), 'utf8').replaceAll(
          '/certificates/',
          `${folder}/`,
        );
        writeFileSync(join(folder, 'tls.conf'), own);
        const config = readFileSync(join(root, 'deploy/nginx/nginx.conf'), 'utf8')
          .replaceAll(' /tmp/', ` ${folder}/`)
          .replaceAll(/web-[ab]:8000/g, '127.0.0.1:8000');
        writeFileSync(join(folder, 'nginx.conf'), config);
        await run('nginx', ['-t', '-q', '-p', folder, '-c', 'nginx.conf']);
      }),
    faults: [
      { file: 'deploy/nginx/nginx.conf', from: 'proxy_read_timeout 75s;', to: 'proxy_read_timout 75s;' },
    ],
  },
  {
    name: 'haproxy',
    run: (root) =>
      inFolder(async (folder) => {
        const config = readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8');
        writeFileSync(join(folder, 'haproxy.cfg'), config.replaceAll(/web-[ab]:8000/g, '127.0.0.1:8000'));
        await run('haproxy', ['-c', '-q', '-f', join(folder, 'haproxy.cfg')]);
      }),
    faults: [{ file: 'deploy/haproxy.cfg', from: 'balance roundrobin', to: 'balance roundrobbin' }],
  },
  {
    name: 'shell scripts',
    run: async (root) => {
      const deploy = [
        'upgrade.sh',
        'prepare.sh',
        'smoke.sh',
        'pin.sh',
        'postgres/roles.sh',
        'redis/start.sh',
      ];
      for (const file of [
        ...deploy.map((name) => `deploy/${name}`),
        'scripts/image.sh',
        'scripts/release.sh',
      ])
        await run('bash', ['-n', join(root, file)]);
    },
    faults: [{ file: 'deploy/prepare.sh', from: 'chown "$backup"', to: 'chown "$backup' }],
  },
];

async function certify(root: string, folder: string): Promise<void> {
  const me = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const env = {
    CERTIFICATES: folder,
    BACKUPS: folder,
    SERVER_NAME: 'localhost',
    NGINX_USER: me,
    BACKUP_USER: me,
  };
  await run('bash', [join(root, 'deploy/prepare.sh')], { env });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-proxy-'));
  await work(folder).finally(() => rmSync(folder, { recursive: true }));
}
