/**
 * `node lab/path.ts`: counts the files that one message passes: those with a function that ran, from the request to the 202 in
 * `web`, and from the request to the end that was shown in `web` and the three stages. Housekeeping does not run, and earlier
 * messages have filled caches.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openSocket } from './kit/device.ts';
import { startGround } from './kit/ground.ts';
import { untilAnnounced } from './kit/invariants.ts';
import { type Process, startProcfile } from './kit/processes.ts';
import { makeUsers, SEND } from './kit/users.ts';

const WITHIN_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'parley-path-'));
const ground = await startGround();
const running: Process[] = [];
try {
  const env = {
    ...ground.env,
    LOG_LEVEL: 'info',
    COVERED: folder,
    NODE_OPTIONS: '--disable-warning=ExperimentalWarning --import ./lab/path/cover.ts',
  };
  for (const type of ['web', 'moderation', 'context', 'completion'])
    running.push(await startProcfile(type, env));
  const [web] = running as [Process];
  const [user] = await makeUsers(ground, 1);
  const socket = openSocket(web.url, { token: user?.token });
  const heard = (event: string) => new Promise<void>((resolve) => socket.once(event, () => resolve()));
  await heard('connect');
  const post = async (content: string) => {
    const shown = heard('response');
    const answer = await fetch(web.url + SEND, {
      method: 'POST',
      headers: { authorization: `Bearer ${user?.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content }),
    });
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
    return { shown };
  };
  const asked = async (content: string) => {
    await (await post(content)).shown;
    await untilAnnounced(ground.query, WITHIN_MS);
  };
  for (let i = 0; i < 5; i += 1) await asked(`warm ${i} tokens:8`);
  await ranIn(running);
  await asked('measured tokens:8');
  say('to the shown end', await ranIn(running));
  for (const worker of running.splice(1)) await worker.stop();
  await ranIn([web]);
  await post('taken tokens:8');
  say('to the 202', await ranIn([web]));
  socket.disconnect();
} finally {
  await Promise.all(running.map((one) => one.stop()));
  await ground.stop();
  rmSync(folder, { recursive: true });
}

/** Returns the project's files of which a function ran since the last call. */
async function ranIn(processes: Process[]): Promise<string[]> {
  const urls = await Promise.all(
    processes.map(async ({ pid, kill }) => {
      const file = join(folder, String(pid));
      rmSync(file, { force: true });
      kill('SIGUSR2');
      for (const until = Date.now() + WITHIN_MS; Date.now() < until; await sleep(50))
        if (existsSync(file) && readFileSync(file, 'utf8').endsWith(']'))
          return JSON.parse(readFileSync(file, 'utf8')) as string[];
      throw new Error(`process ${pid} does not say what ran`);
    }),
  );
  return [...new Set(urls.flat())]
    .filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
    .map((url) => relative('.', fileURLToPath(url)))
    .filter((path) => /^(api|workers|shared|db)\//.test(path))
    .toSorted();
}

function say(what: string, files: string[]): void {
  const lines = files.reduce((sum, file) => sum + readFileSync(file, 'utf8').trimEnd().split('\n').length, 0);
  console.log(`${what}: ${files.length} files, ${lines} lines\n  ${files.join('\n  ')}`);
}
