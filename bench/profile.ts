/** `npm run profile`: a cluster under load with one server in a profiler; what it found goes to `profiles/`. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../test/support/cluster.js';
import { startCluster } from './cluster.js';
import { describeEnvironment } from './environment.js';
import { closedLoad, figuresOf } from './load.js';
import { readOptions, UsageProblem } from './options.js';
import {
  processesBelow,
  removeStaleTraces,
  resultText,
  serverAmong,
  type Tool,
  tools,
  wrappingOf,
} from './profiled-server.js';

/** Git ignores it. */
const root = 'profiles';
/** The server that is profiled; whoever leads in its place is restarted until it does. */
const profiled = 1;
const leaderTriesMax = 20;
/** A leader that stands still for so long is replaced. */
const stoppedMs = 3_000;
/** clinic works on what it has gathered when the server has ended. */
const resultDeadlineMs = 300_000;

/** Ends with 1 if lines were lost; a profiler that wrote nothing throws. */
export async function main(args: readonly string[]): Promise<number> {
  const { words, numbers, switches } = readOptions(args, {
    words: tools,
    numbers: { seconds: 10, warmup: 3, clients: 16, inflight: 256, size: 100, top: 30 },
    switches: ['no-fsync', 'follower'],
  });
  if (words.length > 1) throw new UsageProblem(`one tool at a time, of ${tools.join(', ')}`);
  const tool = (words[0] ?? 'cpu') as Tool;
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const folder = path.resolve(root, `${tool}-${stamp}`);
  mkdirSync(folder, { recursive: true });
  removeStaleTraces('.');
  console.log(describeEnvironment());
  const role = switches.has('follower') ? 'a follower' : 'the leader';
  console.log(
    `${tool} of ${role}, ${numbers.clients}×${numbers.inflight} lines of ${numbers.size} bytes for ${numbers.seconds} s ` +
      `after ${numbers.warmup} s; ${switches.has('no-fsync') ? 'not durable' : 'durable'}. A profiler slows its server down: compare shares, not speeds\n`,
  );
  const wrapping = wrappingOf(tool, folder);
  const cluster = await startCluster({
    serverFlags: switches.has('no-fsync') ? ['--fsync', 'never'] : [],
    serverOptions: (id) => (id === profiled ? wrapping : {}),
  });
  // The server has said that it is ready: whatever stands before it in the chain is there, too.
  const pids = processesBelow(cluster.server(profiled).pid);
  // The end of npx would leave the others behind, and a run may be cut off anywhere.
  const endAll = (): void => {
    for (const pid of pids) endProcess(pid);
  };
  process.on('exit', endAll);
  try {
    const serverPid = serverAmong(pids);
    await settleRole(cluster, serverPid, !switches.has('follower'));
    const load = closedLoad({
      clients: numbers.clients,
      inFlight: numbers.inflight,
      sizeBytes: numbers.size,
      room: '#bench',
      balancer: cluster.balancerAddress,
    });
    await load.start();
    await pause(numbers.warmup * 1000);
    load.openWindow();
    await pause(numbers.seconds * 1000);
    const { perSecond, p50Us } = figuresOf(load);
    const isLeader = (await cluster.leader()) === profiled;
    const { failed, unknown } = await load.stop();
    console.log(
      `${Math.round(perSecond).toLocaleString('en')} lines/s, p50 ${(p50Us / 1000).toFixed(2)} ms, in the profiler`,
    );
    if (isLeader === switches.has('follower')) console.log('the leader changed meanwhile: do not use this profile');
    // The server itself is told, not the profiler in front of it, which waits for it and then writes.
    process.kill(serverPid, 'SIGTERM');
    await cluster.server(profiled).waitForExit(resultDeadlineMs);
    // All have ended by themselves: their numbers may be given to others now.
    pids.length = 0;
    console.log(`\n${resultText(tool, folder, numbers.top)}`);
    return failed + unknown === 0 ? 0 : 1;
  } finally {
    endAll();
    process.off('exit', endAll);
    await cluster.stop();
  }
}

/** Lets others lose the lead until the profiled server has it; or lets that lose it, without ending its process. */
async function settleRole(cluster: Cluster, serverPid: number, shallLead: boolean): Promise<void> {
  for (let tries = 0; tries < leaderTriesMax; tries++) {
    const leader = await cluster.leader();
    if ((leader === profiled) === shallLead) return;
    if (shallLead) {
      await cluster.stopServer(leader);
      await cluster.waitForStatus('another leader', (status) => status.leader !== 0 && status.leader !== leader);
      await cluster.startServer(leader);
    } else {
      process.kill(serverPid, 'SIGSTOP');
      await pause(stoppedMs);
      process.kill(serverPid, 'SIGCONT');
    }
    await cluster.waitForStatus('all servers up', ({ servers }) => servers.every(({ state }) => state === 'up'));
  }
  const role = shallLead ? 'elected' : 'replaced';
  throw new Error(`server ${profiled} was not ${role} in ${leaderTriesMax} elections: try again`);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Ended already, as it should.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
