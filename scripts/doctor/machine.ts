import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { env } from '../../shared/base/env.ts';
import { isFree } from '../services/ports.ts';
import { type Finding, note, well, wrong } from './finding.ts';

const [OLDEST_MAJOR, OLDEST_MINOR] = [22, 18];
const GB = 1e9;

/** Looks at this machine: Node, ports, disks. */
export async function machine(): Promise<Finding[]> {
  const folders = ['.', env.MAIL_DIR, process.env.BACKUP_DIR ?? ''].filter(
    (path) => path !== '' && existsSync(path),
  );
  return [
    node(),
    await port('PORT', env.PORT, '/livez'),
    ...(env.METRICS_PORT === 0
      ? [
          note(
            'ports',
            'workers serve no metrics and no health',
            'set METRICS_PORT, for alerts and health checks',
          ),
        ]
      : [await port('METRICS_PORT', env.METRICS_PORT, '/livez')]),
    ...(await Promise.all(folders.map(disk))),
  ];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR))
    return well('versions', `Node ${process.versions.node}`);
  return wrong(
    'versions',
    `Node ${process.versions.node} is too old`,
    `install ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer`,
  );
}

/** A port must be free, or ours already. */
async function port(name: string, number: number, path: string): Promise<Finding> {
  if (await isFree(number, '127.0.0.1')) return well('ports', `${name} ${number} is free`);
  const answer = await fetch(`http://127.0.0.1:${number}${path}`, {
    signal: AbortSignal.timeout(2_000),
  }).catch(() => null);
  const text = (await answer?.text().catch(() => '')) ?? '';
  if (answer?.status === 200 && text.includes('alive'))
    return well('ports', `${name} ${number} serves Parley`);
  return wrong(
    'ports',
    `${name} ${number} belongs to another program`,
    `end that program, or set another ${name}`,
  );
}

async function disk(path: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(path);
  const [free, share] = [bavail * bsize, bavail / Math.max(1, blocks)];
  const says = `${(free / GB).toFixed(1)} GB (${Math.round(share * 100)} %) free at ${path}`;
  if (free < GB) return wrong('disk', says, 'make room: Postgres and Redis refuse writes on a full disk');
  return share < 0.1 ? note('disk', says, 'make room soon') : well('disk', says);
}
