/** The npm clients of other systems: installed into a folder of their own at the first run, and loaded from there. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../bench/peers/clients/', import.meta.url));
const installMs = 300_000;

/** Says whether what the lock file names is installed; npm itself only tells that it once was. */
const stamp = path.join(folder, 'node_modules', '.installed');

function lockHash(): string {
  return createHash('sha256')
    .update(readFileSync(path.join(folder, 'package-lock.json')))
    .digest('hex');
}

/** Installs the clients unless exactly these are installed already. Throws with npm's words if it can't. */
export function installClients(): void {
  const wanted = lockHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('installing the npm clients of the other systems into bench/peers/clients, once');
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: installMs,
  });
  if (status !== 0) {
    throw new Error(`npm ci in bench/peers/clients failed; run it there to see why, then try again.\n${stderr ?? ''}`);
  }
  writeFileSync(stamp, wanted);
}

/** A client package; what the bench uses of it is declared by the caller. */
export function loadClient<Module>(name: string): Module {
  return createRequire(path.join(folder, 'package.json'))(name) as Module;
}

/** The exact version that is installed. */
export function clientVersion(name: string): string {
  const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  return `${name} ${dependencies[name] ?? ''}`.trim();
}
