/** What the header of a developers' report says, and the look at processors and memory that `synod bench` takes too. */
import { tmpdir } from 'node:os';
import process from 'node:process';
import { describeDisk as disk, describeMachine as machine } from '../src/bench/run/machine.js';

export { CpuWatch, cpuSeconds, residentBytes, residentBytesMax } from '../src/bench/run/cpu-watch.js';

/** Which code, as a short commit, and whether it is just that. */
export function commitText(): string {
  const { commit, changed } = machine(process.cwd());
  return `${commit}${changed ? ' (src changed)' : ''}`;
}

/** Which code on which machine. */
export function describeMachine(): string {
  const { host, cores, cpu, node } = machine(process.cwd());
  return `commit ${commitText()} · ${host} · ${cores} cores (${cpu}) · Node ${node}`;
}

/** File system and device under the temporary folder, where benchmarks keep their data. */
export function describeDisk(): string {
  return disk(tmpdir());
}

/** Two lines for the top of a report. */
export function describeEnvironment(): string {
  return [
    describeMachine(),
    `data on ${describeDisk()} · durable: fdatasync before every vote · load, balancer and servers on this one machine`,
  ].join('\n');
}
