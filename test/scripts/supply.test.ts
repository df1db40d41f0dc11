import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { faultsOf } from '../../scripts/supply/packages.ts';

const run = promisify(execFile);
const PINNED = { version: '1.0.0', integrity: 'sha512-AAAA', license: 'MIT' };

describe('npm run supply', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'parley-supply-'));
  after(() => rmSync(folder, { recursive: true }));

  const project = (packages: Record<string, object>, allowScripts: object = {}): string => {
    const root = mkdtempSync(join(folder, 'p-'));
    const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, '1.0.0']));
    const lock = Object.entries(packages).map(([name, fields]) => [
      `node_modules/${name}`,
      { ...PINNED, ...fields },
    ]);
    const locked = { '': { name: 'p', dependencies }, ...Object.fromEntries(lock) };
    writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'p', dependencies, allowScripts }));
    writeFileSync(
      join(root, 'package-lock.json'),
      JSON.stringify({ name: 'p', lockfileVersion: 3, requires: true, packages: locked }),
    );
    return root;
  };
  const faults = (packages: Record<string, object>, allowScripts: object = {}, installed: object = {}) => {
    const root = project(packages, allowScripts);
    for (const [name, manifest] of Object.entries(installed)) {
      mkdirSync(join(root, 'node_modules', name), { recursive: true });
      writeFileSync(join(root, 'node_modules', name, 'package.json'), JSON.stringify(manifest));
    }
    return faultsOf(root);
  };

  it('finds no fault in this project', () => {
    expect(faultsOf('.')).to.deep.equal([]);
  });

  it('requires install scripts to be named, also those missing from the lockfile', () => {
    const script = { hasInstallScript: true };
    const unnamed = 'runs a script at install and is not named in allowScripts';
    expect(faults({ a: script, '@b/c': {} })).to.deep.equal([`a 1.0.0 ${unnamed}`]);
    expect(faults({ a: script, 'x/node_modules/a': script }, { a: true })).to.deep.equal([]);
    expect(faults({ '@b/c': {} }, {}, { '@b/c': { scripts: { postinstall: 'x' } } })).to.deep.equal([
      `@b/c 1.0.0 ${unnamed}`,
    ]);
    expect(faults({ a: {} }, { a: false })).to.deep.equal(['a is named in allowScripts and runs no script']);
  });

  it('requires listed licences and hashes', () => {
    const licence = (license: string | undefined, manifest: object = {}) =>
      faults({ a: { license } }, {}, { a: manifest }).length;
    for (const fine of ['MIT', 'Apache-2.0', '(MIT OR GPL-3.0)', 'MIT AND ISC', 'GPL-2.0 OR MIT'])
      expect(licence(fine), fine).to.equal(0);
    for (const wrong of ['GPL-3.0', 'MIT AND GPL-3.0', 'SEE LICENSE IN x', 'UNLICENSED', undefined])
      expect(licence(wrong), wrong).to.equal(1);
    expect(licence(undefined, { licenses: [{ type: 'MIT' }] })).to.equal(0);
    const unpinned = 'a 1.0.0 is not pinned by a hash of a package from a registry';
    for (const fields of [{ integrity: undefined }, { integrity: 'sha1-A' }, { resolved: 'git+ssh://x' }])
      expect(faults({ a: fields })).to.deep.equal([unpinned]);
  });

  it('allows MPL-2.0 for development only, and no hash for what another archive holds', () => {
    expect(faults({ a: { license: 'MPL-2.0', dev: true } })).to.deep.equal([]);
    expect(faults({ a: { license: 'MPL-2.0' } })).to.deep.equal(['a 1.0.0 has the licence MPL-2.0']);
    expect(faults({ a: { license: 'GPL-3.0', dev: true } })).to.have.length(1);
    expect(faults({ a: { inBundle: true, integrity: undefined, resolved: undefined } })).to.deep.equal([]);
  });

  describe('--audit, by npm, against a registry', () => {
    let registry: Server;
    let answer: [number, object] = [200, {}];
    before(async () => {
      registry = createServer((req, res) => {
        req.resume();
        const asked = req.url?.includes('/advisories/bulk') === true;
        res.writeHead(asked ? answer[0] : 404, { 'content-type': 'application/json' });
        res.end(JSON.stringify(asked ? answer[1] : {}));
      }).listen(0, '127.0.0.1');
      await once(registry, 'listening');
    });
    after(() => {
      registry.closeAllConnections();
      registry.close();
    });

    const supply = async () => {
      const { port } = registry.address() as AddressInfo;
      const env = {
        ...process.env,
        npm_config_registry: `http://127.0.0.1:${port}/`,
        // npm caches advisories, so each call gets a cache of its own.
        npm_config_cache: mkdtempSync(join(folder, 'cache-')),
        npm_config_fetch_retries: '0',
        GITHUB_ACTIONS: '',
      };
      const command = ['--disable-warning=ExperimentalWarning', 'scripts/supply.ts', '--audit', '--root'];
      return run(process.execPath, [...command, project({ koa: {} })], { env }).then(
        ({ stdout, stderr }) => [0, stdout + stderr],
        (err: { code: number; stdout: string; stderr: string }) => [err.code, err.stdout + err.stderr],
      );
    };
    const found = (severity: string): [number, object] => [
      200,
      { koa: [{ id: 1, url: 'http://127.0.0.1/', title: 'Bad', severity, vulnerable_versions: '*' }] },
    ];

    it('fails on high, reports the rest, and passes when the registry is unreachable', async () => {
      answer = found('high');
      expect(await supply()).to.deep.equal([1, 'supply: vulnerable packages: 1 high\n']);
      answer = found('moderate');
      expect(await supply()).to.deep.equal([0, 'supply: ok\nsupply: vulnerable packages: 1 moderate\n']);
      answer = [200, {}];
      expect(await supply()).to.deep.equal([0, 'supply: ok\n']);
      answer = [503, {}];
      const [code, said] = await supply();
      expect(code).to.equal(0);
      expect(said).to.match(/^supply: vulnerabilities not looked up: .+\nsupply: ok\n$/);
    });
  });
});
