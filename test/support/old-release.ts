/** An earlier release as a build of its own, made from this repository's history. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** For a test's `skip`: a package, or a clone without history, has no earlier releases. */
export function noHistory(commit: string): string | false {
  const { status } = spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { stdio: 'ignore' });
  return status === 0 ? false : `no git history with ${commit}`;
}

/** Builds the commit's sources into `folder` with today's packages; returns the folder of its launchers. */
export function buildRelease(commit: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const sources = execFileSync('git', ['archive', commit, 'src', 'bin', 'package.json', 'tsconfig.json'], {
    maxBuffer: 64 * 2 ** 20,
  });
  execFileSync('tar', ['-x', '-C', folder], { input: sources });
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  // Packages may have moved on; what runs is what counts.
  const compiler = [path.resolve('node_modules/typescript/bin/tsc'), '-p', folder, '--incremental', 'false'];
  execFileSync(process.execPath, compiler, { stdio: 'pipe' });
  return path.join(folder, 'bin');
}
