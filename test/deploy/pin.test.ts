import { expect } from 'chai';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/own-database.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
/** A client of registries that knows every tag but one. */
const SKOPEO = `#!/bin/sh
case "$4" in *"\${UNKNOWN:-nothing}"*) echo 'manifest unknown' >&2; exit 1 ;; esac
echo "\${DIGEST:-none}"`;

describe('deploy/pin.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-pin-'));
    mkdirSync(join(folder, 'deploy'));
    for (const path of ['docker-compose.yml', 'Dockerfile', 'deploy/kubernetes', 'deploy/pin.sh'])
      cpSync(path, join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'skopeo'), SKOPEO);
    chmodSync(join(folder, 'skopeo'), 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const pin = (env: Record<string, string>, ...args: string[]) =>
    runCommand('bash', [join(folder, 'deploy/pin.sh'), ...args], {
      PATH: `${folder}:${process.env.PATH}`,
      ...env,
    });
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');

  it('gives every image of others its digest, and leaves Parley to its release', async () => {
    const before = read('docker-compose.yml');
    expect((await pin({}, '--check')).code).to.equal(1);
    const { code, stdout } = await pin({ DIGEST });
    expect(code).to.equal(0);
    expect(stdout).to.include(`nginx:1.28.0-alpine@${DIGEST}\n`);
    expect(read('docker-compose.yml').replaceAll(`@${DIGEST}`, '')).to.equal(before);
    expect(read('docker-compose.yml')).to.include(
      `image: &postgres-image pgvector/pgvector:0.8.0-pg17@${DIGEST}\n`,
    );
    expect(read('Dockerfile')).to.match(new RegExp(`^ARG NODE_IMAGE=\\S+-slim@${DIGEST}$`, 'm'));
    expect(read('deploy/kubernetes/components/stores/redis.yaml')).to.include(`-alpine@${DIGEST}\n`);
    expect(read('deploy/kubernetes/base/web.yaml')).to.not.include('sha256');
    expect((await pin({}, '--check')).code).to.equal(0);
  });

  it('replaces digests by those of today', async () => {
    await pin({ DIGEST });
    const newer = DIGEST.replace('0123', '9999');
    expect((await pin({ DIGEST: newer })).code).to.equal(0);
    expect(read('docker-compose.yml')).to.include(newer).and.not.include(DIGEST);
  });

  it('writes nothing where a registry does not know a tag, or gives no digest', async () => {
    const before = read('docker-compose.yml');
    expect((await pin({ DIGEST, UNKNOWN: 'redis:' })).code).to.not.equal(0);
    expect((await pin({})).stderr).to.include('pin: no digest for');
    expect(read('docker-compose.yml')).to.equal(before);
  });
});
