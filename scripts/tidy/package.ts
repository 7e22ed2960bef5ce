/** Rules on the package: exact versions, a lock file that names no place, launchers that start, a changelog. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Complaint, Tree } from './tree.js';

interface Manifest {
  readonly version?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function checkPackage(tree: Tree): Complaint[] {
  const file = path.join(tree.root, 'package.json');
  if (!existsSync(file)) return [{ file: 'package.json', line: 0, text: 'is missing: restore it' }];
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  return [
    ...checkVersions(manifest, 'package.json'),
    ...checkClients(tree.root),
    ...checkStartable(tree.root, [...Object.values(manifest.bin ?? {}), '.ci/run']),
    ...checkChangelog(tree.root, manifest.version ?? ''),
    ...checkLock(tree.root, 'package-lock.json'),
  ];
}

/** Packages that a bench installs into a folder of their own. */
const clientsFolder = 'bench/peers/clients';

function checkClients(root: string): Complaint[] {
  const file = `${clientsFolder}/package.json`;
  if (!existsSync(path.join(root, file))) return [];
  const manifest = JSON.parse(readFileSync(path.join(root, file), 'utf8')) as Manifest;
  return [...checkVersions(manifest, file), ...checkLock(root, `${clientsFolder}/package-lock.json`)];
}

function checkVersions(manifest: Manifest, file: string): Complaint[] {
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  return all
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => ({
      file,
      line: 0,
      text: `${name} is "${version}": pin one exact version (design/PACKAGES.md)`,
    }));
}

function checkStartable(root: string, files: readonly string[]): Complaint[] {
  return files.flatMap((file) => {
    const full = path.join(root, file);
    if (!existsSync(full)) return [{ file, line: 0, text: 'is missing: restore it, or take it out of package.json' }];
    if ((statSync(full).mode & 0o111) !== 0) return [];
    return [{ file, line: 0, text: `can't be started: chmod +x ${file}` }];
  });
}

function checkChangelog(root: string, version: string): Complaint[] {
  const full = path.join(root, 'CHANGELOG.md');
  const text = existsSync(full) ? readFileSync(full, 'utf8') : '';
  if (text.split('\n').some((line) => line.startsWith(`## ${version}`))) return [];
  return [{ file: 'CHANGELOG.md', line: 0, text: `has no section "## ${version}": say what a user can notice` }];
}

/** Things a lock file must not hold: registry addresses, folders of the machine it was made on. */
const placesInLock: readonly RegExp[] = [/"resolved":/, /"file:/, /"\/(root|home|work|tmp|Users)\//, /"link": true/];

function checkLock(root: string, file: string): Complaint[] {
  const full = path.join(root, file);
  if (!existsSync(full)) return [{ file, line: 0, text: 'is missing: npm install' }];
  const text = readFileSync(full, 'utf8');
  const index = text.split('\n').findIndex((line) => placesInLock.some((pattern) => pattern.test(line)));
  const remedy = 'make it again with npm install (.npmrc keeps addresses out)';
  if (index !== -1) return [{ file, line: index + 1, text: `names a registry or a folder: ${remedy}` }];
  return missingOptionals(text).map((name) => ({
    file,
    line: 0,
    text: `lacks the optional ${name}, and npm ci refuses that: add its entry (version, os, cpu, optional)`,
  }));
}

/** Optional packages, mostly for other platforms, that a lock file made on this one may have left out. */
function missingOptionals(lock: string): string[] {
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> } | undefined>;
  };
  const locked = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry?.optionalDependencies ?? {}));
  return [...new Set(named)].filter((name) => !locked.has(name)).sort();
}
