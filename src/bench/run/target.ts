/** The cluster under load: one of its own processes, or one that is there already. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExitError, exitCodes, nodeClock } from '../../base/index.js';
import { askOnce } from '../../client/index.js';
import { type ClusterMember, LocalCluster } from '../../cluster/index.js';
import { describeDisk } from './machine.js';
import type { BenchOptions, LinkControl, OwnCluster, ServerPlace, Surroundings } from './options.js';
import { interruptible, sleep } from './wait.js';

/** A server that does not answer within this time leads nobody. */
const askTimeoutMs = 1_000;
/** An election takes half a second; a machine that is busy may take longer. */
const leaderTimeoutMs = 20_000;
const lookAgainMs = 50;

export interface Target {
  /** Whom clients ask where to go. */
  readonly balancers: readonly string[];
  /** Where clients reach each server. */
  readonly servers: readonly ServerPlace[];
  /** Where its processes can be asked directly, past a proxy. */
  readonly direct: readonly ServerPlace[];
  /** All processes that belong to it and are ours. */
  readonly processes: () => readonly { readonly name: string; readonly pid: number }[];
  readonly disk: string;
  /** Present for an own cluster: what faults act on. */
  readonly own?: { readonly cluster: LocalCluster; readonly links: LinkControl | undefined };
  /** Rejects when a process of an own cluster ends that was not asked to. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

/** @throws ExitError when a process cannot be started, (5) when nobody comes to lead. */
export async function openTarget(options: BenchOptions, surroundings: Surroundings): Promise<Target> {
  const { cluster } = options;
  if (cluster.kind === 'own') return openOwn(options, cluster, surroundings);
  return {
    balancers: cluster.balancers,
    servers: cluster.servers,
    direct: cluster.servers,
    processes: () => [],
    disk: '',
    failure: new Promise(() => undefined),
    close: () => Promise.resolve(),
  };
}

async function openOwn(options: BenchOptions, own: OwnCluster, surroundings: Surroundings): Promise<Target> {
  const { signal, program, environment, calledAs, note } = surroundings;
  if (own.dataParent !== undefined) mkdirSync(own.dataParent, { recursive: true });
  const dataDir = mkdtempSync(path.join(own.dataParent ?? tmpdir(), 'synod-bench-'));
  let isKept = own.keep;
  const removeData = (): void => {
    if (isKept) note(`The data is in ${dataDir}.`);
    else rmSync(dataDir, { recursive: true, force: true });
  };
  let fail: ((error: Error) => void) | undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits for it is told; a cluster that ends badly when nobody waits any more harms nothing.
  failure.catch(() => undefined);
  const onEnd = (member: ClusterMember, how: string): void => {
    isKept = true;
    const text = `${member.lastWords(how)}. Its log is ${member.logFile}; nothing of this run is worth reporting`;
    fail?.(new ExitError(member.exitCode() || exitCodes.internal, 'DAEMON', text));
  };
  const disk = describeDisk(dataDir);
  let cluster: LocalCluster | undefined;
  try {
    cluster = await LocalCluster.start(
      {
        program,
        environment,
        calledAs,
        dataDir,
        servers: own.servers,
        listen: '127.0.0.1:0',
        ...(own.isProxied ? { proxy: { api: '127.0.0.1:0', seed: options.seed } } : {}),
        serverArgs: own.durable ? [] : ['--fsync', 'never'],
        keepsPorts: true,
        onEnd,
      },
      signal,
    );
    const running = cluster;
    const direct = running.members.flatMap(({ title, address }) => {
      const id = Number(/^server (\d+)$/.exec(title)?.[1]);
      return Number.isNaN(id) ? [] : [{ id, address }];
    });
    const servers = own.isProxied ? await interruptible(signal, proxiedPlaces(running.front, own.servers)) : direct;
    const leader = await interruptible(signal, Promise.race([firstLeader(direct, signal), failure]));
    if (leader === 0) {
      const text = `no server leads after ${leaderTimeoutMs / 1_000} s: is the machine very busy? Try again, or with fewer servers`;
      throw new ExitError(exitCodes.unknown, 'NO_QUORUM', text);
    }
    return {
      balancers: [running.front],
      servers,
      direct,
      processes: () => running.members.map(({ title, pid }) => ({ name: title, pid })),
      disk,
      own: { cluster: running, links: running.api === '' ? undefined : surroundings.links(running.api) },
      failure,
      close: async () => {
        await running.stop();
        removeData();
      },
    };
  } catch (error) {
    await cluster?.stop();
    removeData();
    throw error;
  }
}

/** Where the proxy listens for each server; it knows them once they have registered through it. */
async function proxiedPlaces(front: string, servers: number): Promise<ServerPlace[]> {
  const answered = await askOnce({ address: front, timeoutMs: askTimeoutMs }, (operator) => operator.members());
  if (answered.ok && answered.answer.members.length === servers) {
    return answered.answer.members.map(({ id, address }) => ({ id, address }));
  }
  const reason = answered.ok ? 'not all servers are known there' : answered.text;
  throw new ExitError(exitCodes.internal, 'NO_PROXY', `the fault proxy names no servers (${reason}). Try again`);
}

/** Who leads, as the first server says that follows or leads one; 0 when none does. */
export async function leaderOf(servers: readonly ServerPlace[]): Promise<number> {
  const asked = servers.map(async ({ address }) => {
    const answered = await askOnce({ address, timeoutMs: askTimeoutMs }, (operator) => operator.status());
    if (answered.ok && answered.answer.happy && answered.answer.leader > 0) return answered.answer.leader;
    throw new Error('it knows no leader');
  });
  // Rejects when every one did.
  return Promise.any(asked).catch(() => 0);
}

async function firstLeader(servers: readonly ServerPlace[], signal: AbortSignal): Promise<number> {
  const endMs = nodeClock.monotonicMs() + leaderTimeoutMs;
  while (nodeClock.monotonicMs() < endMs && !signal.aborted) {
    const leader = await leaderOf(servers);
    if (leader !== 0) return leader;
    await sleep(nodeClock, lookAgainMs, signal);
  }
  return 0;
}
