import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/services/ports.ts';

export type Bouncer = {
  url: string;
  /** Returns how many connections clients have opened so far. */
  connections: () => number;
  stop: () => Promise<void>;
};

export const hasPgbouncer = spawnSync('pgbouncer', ['--version']).status === 0;

/**
 * Starts PgBouncer with Debian's settings, but in transaction mode: each transaction may get another of few
 * connections.
 * @param more further settings
 */
export async function startBouncer(database: string, more = ''): Promise<Bouncer> {
  const server = new URL(database);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'parley-bouncer-'));
  writeFileSync(join(folder, 'users'), `"${server.username}" "${server.password}"\n`);
  writeFileSync(
    join(folder, 'ini'),
    `[databases]
* = host=${server.hostname} port=${server.port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
pool_mode = transaction
default_pool_size = 6
max_client_conn = 500
log_connections = 1
${more}
`,
  );
  chmodSync(folder, 0o755);
  // PgBouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn('pgbouncer', [...user, join(folder, 'ini')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  };
  for (let i = 0; !(await listens(port)); i += 1) {
    if (i === 100 || child.exitCode !== null) {
      await stop();
      throw new Error(`PgBouncer did not start: ${said}`);
    }
    await sleep(50);
  }
  server.host = `127.0.0.1:${port}`;
  return { url: server.href, connections: () => said.split('login attempt').length - 1, stop };
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const up = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return up;
}
