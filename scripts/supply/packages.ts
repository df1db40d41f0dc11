import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that allow use here: none asks for more than attribution. */
const LICENCES = new Set(
  'MIT MIT-0 ISC 0BSD BSD-2-Clause BSD-3-Clause Apache-2.0 BlueOak-1.0.0 CC0-1.0 CC-BY-4.0 Python-2.0 PSF-2.0 PostgreSQL Unlicense Zlib'.split(
    ' ',
  ),
);
/** Allowed also for what is used to build and test: files of these packages do not ship. MPL-2.0 asks for its own files only. */
const DEVELOPMENT = new Set([...LICENCES, 'MPL-2.0']);
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];

type Lock = { packages?: Record<string, Locked> };
type Locked = {
  version?: string;
  resolved?: string;
  integrity?: string;
  license?: string;
  link?: boolean;
  dev?: boolean;
  inBundle?: boolean;
  hasInstallScript?: boolean;
};
type Manifest = {
  license?: string | { type?: string };
  licenses?: { type?: string }[];
  scripts?: Record<string, string>;
  allowScripts?: Record<string, boolean>;
};

/**
 * Checks the packages of a project and returns one line for each fault. Every package of the lockfile must be
 * pinned by a hash and have a licence from the list. Its install script must be named in `allowScripts` of
 * package.json. It reads the installed packages too, because a lockfile only repeats what a registry said.
 * @param root the folder of package.json, package-lock.json and node_modules
 */
export function faultsOf(root: string): string[] {
  const lock = readJson<Lock>(join(root, 'package-lock.json'));
  const allowed = Object.keys(readJson<Manifest>(join(root, 'package.json')).allowScripts ?? {});
  const packages = Object.entries(lock.packages ?? {}).filter(([path]) => path !== '');
  const scripted = new Set<string>();
  const faults = packages.flatMap(([path, locked]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const manifest = manifestOf(join(root, path));
    const runs = locked.hasInstallScript === true || runsAtInstall(manifest, join(root, path));
    if (runs) scripted.add(name);
    const licence = locked.license ?? licenceOf(manifest);
    return [
      !isPinned(locked) && 'is not pinned by a hash of a package from a registry',
      runs && !allowed.includes(name) && 'runs a script at install and is not named in allowScripts',
      !isAllowed(licence, locked.dev ? DEVELOPMENT : LICENCES) && `has the licence ${licence ?? '(unknown)'}`,
    ]
      .filter((fault) => fault !== false)
      .map((fault) => `${name} ${locked.version ?? ''} ${fault}`);
  });
  const idle = allowed.filter((name) => !scripted.has(name));
  return [...faults, ...idle.map((name) => `${name} is named in allowScripts and runs no script`)];
}

/** A package that another one brings inside its own archive is pinned by the hash of that archive. */
function isPinned({ integrity, resolved = 'https:', link = false, inBundle = false }: Locked): boolean {
  return link || inBundle || (integrity?.startsWith('sha512-') === true && resolved.startsWith('https:'));
}

/** npm builds a `binding.gyp` at install without a script. */
function runsAtInstall(manifest: Manifest | null, folder: string): boolean {
  if (INSTALL_SCRIPTS.some((script) => manifest?.scripts?.[script])) return true;
  return existsSync(join(folder, 'binding.gyp'));
}

/** Returns null for a package that is not installed: another platform's. */
function manifestOf(folder: string): Manifest | null {
  const path = join(folder, 'package.json');
  return existsSync(path) ? readJson<Manifest>(path) : null;
}

function licenceOf(manifest: Manifest | null): string | undefined {
  const { license, licenses } = manifest ?? {};
  if (typeof license === 'string') return license;
  return license?.type ?? licenses?.map(({ type }) => type).join(' OR ');
}

/**
 * Accepts `A OR B` when one is allowed and `A AND B` when both are. AND binds closer; nested brackets are not parsed.
 */
function isAllowed(licence = '', licences: Set<string>): boolean {
  const plain = licence.replace(/^\((.*)\)$/, '$1');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((one) => licences.has(one.trim())));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
