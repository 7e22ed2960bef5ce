/** What is kept of a run that failed, for whoever has to find out what happened. */
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '../support/cluster.js';

/** Kills what still runs, and copies all that the processes printed and every data directory; returns where. */
export async function saveEvidence(cluster: Cluster): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-nemesis-'));
  for (const [index, program] of cluster.programs.entries()) {
    const out = program.lines.map(({ text, atMs }) => `${atMs.toFixed(0)} ${text}\n`).join('');
    writeFileSync(path.join(folder, `${index}.log`), `${program.title}\n${program.stderr}\n${out}`);
  }
  await Promise.all(cluster.upIds.map((id) => cluster.killServer(id)));
  cpSync(cluster.root, path.join(folder, 'data'), { recursive: true });
  return folder;
}
