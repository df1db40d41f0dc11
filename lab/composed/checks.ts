import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FOREIGN } from '../../scripts/monitoring/expressions.ts';
import { type Composed, until } from './services.ts';

const run = promisify(execFile);
type Answer<T> = { data: T };

/** Asks a running installation from outside. Returns what it found, a line each. @throws Error at the first fault */
export async function checkComposed(composed: Composed): Promise<string[]> {
  return [
    await smoke(),
    await edges(),
    await doctor(composed),
    await backups(composed),
    ...(composed.exporters ? [await targets(), await names()] : []),
  ];
}

async function smoke(): Promise<string> {
  const { stdout } = await run('bash', ['deploy/smoke.sh', 'https://nginx:8443'], {
    env: { ...process.env, CURL_OPTIONS: '-k' },
  });
  return stdout.trim();
}

async function edges(): Promise<string> {
  const status = async (url: string) =>
    (await run('curl', ['-ks', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', url])).stdout.trim();
  const wanted: [string, string][] = [
    ['http://nginx:8080/some/page', '308 https://nginx/some/page'],
    ['http://nginx:8080/nginx-alive', '204'],
    ['https://nginx:8443/metrics', '404'],
    ['https://nginx:8443/readyz', '404'],
    ['https://nginx:8443/', '200'],
  ];
  for (const [url, want] of wanted) {
    const got = await status(url);
    if (got !== want) throw new Error(`${url}: ${got} instead of ${want}`);
  }
  return 'nginx redirects to TLS, shows the page, and hides /metrics and /readyz';
}

async function doctor({ env }: Composed): Promise<string> {
  const { stdout } = await run('node', ['scripts/doctor.ts'], { env: env('web-a') }).catch(
    (error: { stdout?: string }) => {
      throw new Error(`the doctor found: ${error.stdout}`);
    },
  );
  return `doctor: ${stdout.trim().split('\n').at(-1)}`;
}

async function backups({ folder }: Composed): Promise<string> {
  const kinds = () => readdirSync(join(folder, 'backups')).filter((name) => name.endsWith('.json'));
  await until('a dump and a base backup', () =>
    Promise.resolve(['dump-', 'base-'].every((kind) => kinds().some((name) => name.startsWith(kind)))),
  );
  return `backup: ${kinds().join(', ')}`;
}

async function ask<T>(path: string): Promise<T> {
  return ((await (await fetch(`http://prometheus:9090/api/v1/${path}`)).json()) as Answer<T>).data;
}

async function targets(): Promise<string> {
  type Targets = { activeTargets: { health: string; scrapeUrl: string; lastError: string }[] };
  let all: Targets['activeTargets'] = [];
  const down = () => all.filter(({ health }) => health !== 'up');
  await until('every target of Prometheus', async () => {
    all = (await ask<Targets>('targets')).activeTargets;
    return all.length > 0 && down().length === 0;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${down().map((one) => `${one.scrapeUrl} ${one.lastError}`)}`);
  });
  return `Prometheus: ${all.length} targets are up`;
}

/** The replica's lag is 0 at a primary; the slot is the backup's. */
async function names(): Promise<string> {
  for (const name of FOREIGN)
    await until(`the metric ${name}`, async () => {
      const { result } = await ask<{ result: unknown[] }>(`query?query=${name}`);
      return result.length > 0;
    });
  const { result } = await ask<{ result: unknown[] }>('query?query=probe_success==1');
  if (result.length === 0) throw new Error('the probe of nginx fails');
  return `metrics of other exporters: all ${FOREIGN.length} names are there`;
}
