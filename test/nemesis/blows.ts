/** Deals blows to the processes of a cluster, and waits until all that was struck is there again. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Cluster } from '../support/cluster.js';
import type { Program } from '../support/program.js';
import { timePasses } from '../support/until.js';
import { expect, killRunning } from './expect.js';
import type { Blow } from './plan.js';
import { Strace } from './strace.js';
import type { Surroundings } from './surroundings.js';

/** Orderly stops under faults of links and pauses of up to ten seconds. */
const stopDeadlineMs = 30_000;
/** The disk is filled by what clients say. */
const fillDeadlineMs = 15_000;
const spaceDeadlineMs = 10_000;
/** A line of a full disk: below the limit of a message. */
const longLineChars = 7000;
/** Room for the state and the identity, but not for another segment of the log. */
const tightKib = 2048;
/** What a server that has no whole segment ready begins its log with. */
const firstSegmentKib = 4096;
const silentConnections = 30;
const diskExit = 7;
/** From the failed call until the process is gone; also when it is traced, on a machine that is busy. */
const eioExitMs = 3000;

export interface Struck {
  /** Processes of servers killed. */
  readonly kills: number;
  /** False: what it was meant to bring about did not happen in time, e.g. no fdatasync came. */
  readonly hadEffect: boolean;
}

export class Blows {
  readonly #cluster: Cluster;
  readonly #surroundings: Surroundings;
  readonly #setPadding: (chars: number) => void;

  /** `setPadding` makes all lines so much longer. */
  constructor(cluster: Cluster, surroundings: Surroundings, setPadding: (chars: number) => void) {
    this.#cluster = cluster;
    this.#surroundings = surroundings;
    this.#setPadding = setPadding;
  }

  /** @throws Error when something ended that was not killed, or did not do what it must. */
  async strike(blow: Blow): Promise<Struck> {
    const cluster = this.#cluster;
    const { servers, forMs } = blow;
    const id = servers[0] ?? 0;
    await timePasses(blow.afterMs);
    switch (blow.kind) {
      case 'kill':
      case 'killMajority':
      case 'killAll':
      case 'away':
        await Promise.all(servers.map((victim) => this.#kill(victim)));
        await timePasses(forMs);
        await Promise.all(servers.map((victim) => cluster.startServer(victim)));
        return struck(servers.length);
      case 'killAgain':
        await this.#kill(id);
        await timePasses(forMs);
        for (const againMs of blow.againMs) {
          cluster.spawnServer(id);
          await timePasses(againMs);
          await this.#kill(id);
        }
        await cluster.startServer(id);
        return struck(1 + blow.againMs.length);
      case 'otherClock':
        await this.#kill(id);
        this.#surroundings.setMonotonicClock(id, blow.seconds);
        await timePasses(forMs);
        await cluster.startServer(id);
        return struck(1);
      case 'rolling':
        for (const next of servers) {
          const { code } = await cluster.stopServer(next, stopDeadlineMs);
          expect(code === 0, `it ended with ${code} when it was told to:\n${cluster.server(next).describe()}`);
          await cluster.startServer(next);
          await timePasses(forMs);
        }
        return struck(0);
      case 'pause':
        await pause(
          servers.map((victim) => cluster.server(victim)),
          forMs,
        );
        return struck(0);
      case 'eio':
        return await this.#failSync(id, forMs);
      case 'diskFull':
        return await this.#fillDisk(id, blow.spareKib, forMs);
      case 'wallJump':
        for (const victim of servers) this.#surroundings.setWallClock(victim, blow.seconds);
        await timePasses(forMs);
        for (const victim of servers) this.#surroundings.setWallClock(victim, 0);
        return struck(0);
      case 'fdLimit':
        return await limitDescriptors(cluster.server(id), cluster.address(id), blow.spare, forMs);
      case 'killProxy':
        await killRunning(cluster.proxy.program);
        await timePasses(forMs);
        await cluster.startProxy();
        return struck(0);
      case 'killBalancer':
        await killRunning(cluster.balancer);
        await timePasses(forMs);
        await cluster.startBalancer();
        return struck(0);
    }
  }

  async #kill(id: number): Promise<void> {
    await killRunning(this.#cluster.server(id));
  }

  /** The first fdatasync of each of its threads fails from now on: it must stop at once and not try again. */
  async #failSync(id: number, withinMs: number): Promise<Struck> {
    const program = this.#cluster.server(id);
    const strace = new Strace(program.pid, ['trace=fdatasync', 'inject=fdatasync:error=EIO:when=1']);
    await Promise.race([program.exited, strace.injected, timePasses(withinMs)]);
    if (!strace.hasInjected) await strace.end();
    // Detaching takes a moment, in which it may have injected something yet.
    if (!strace.hasInjected) return { kills: 0, hadEffect: false };
    const { code } = await program.waitForExit(eioExitMs);
    await strace.end();
    expect(code === diskExit, `a failed fdatasync ended it with ${code}, not ${diskExit}:\n${program.describe()}`);
    await this.#cluster.startServer(id);
    return { kills: 0, hadEffect: true };
  }

  /**
   * A server that has its next segment of 64 MiB ready would need a minute to fill it: it is killed, and uses it up by
   * starting with it. Killed once more it begins a small one, and gives back what was empty of the large one; that is
   * taken from it before it can make another large one.
   */
  async #fillDisk(id: number, spareKib: number, fullMs: number): Promise<Struck> {
    const cluster = this.#cluster;
    const surroundings = this.#surroundings;
    await this.#kill(id);
    surroundings.leave(id, tightKib);
    const tight = cluster.spawnServer(id);
    const isReady = await Promise.race([
      tight.waitForLine('READY', (line) => line.startsWith('READY'), fillDeadlineMs).then(() => true),
      tight.exited.then(() => false),
    ]);
    if (isReady) await this.#kill(id);
    else expect(tight.exit?.code === diskExit, `a disk without space ended it otherwise:\n${tight.describe()}`);
    surroundings.leave(id, firstSegmentKib + spareKib);
    const loosen = surroundings.keepTight(id, firstSegmentKib + spareKib);
    let isFull = false;
    try {
      const program = await cluster.startServer(id);
      this.#setPadding(longLineChars);
      isFull = await program.waitForText('disk-full', fillDeadlineMs).then(
        () => true,
        () => false,
      );
      if (isFull) {
        // Now for the state, too.
        surroundings.leave(id, 0);
        await timePasses(fullMs);
      }
    } finally {
      loosen();
      this.#setPadding(0);
      surroundings.free(id);
    }
    if (isFull) await cluster.server(id).waitForText('disk-has-space', spaceDeadlineMs);
    return { kills: isReady ? 2 : 1, hadEffect: isFull };
  }
}

function struck(kills: number): Struck {
  return { kills, hadEffect: true };
}

async function pause(programs: readonly Program[], forMs: number): Promise<void> {
  for (const program of programs) program.signal('SIGSTOP');
  await timePasses(forMs);
  for (const program of programs) program.signal('SIGCONT');
}

/** Connections that say nothing take what descriptors it may still open. */
async function limitDescriptors(program: Program, address: string, spare: number, forMs: number): Promise<Struck> {
  const limits = () => /Max open files\s+(\d+)\s+(\d+)/.exec(readFileSync(`/proc/${program.pid}/limits`, 'utf8'));
  let soft: string | undefined;
  try {
    soft = limits()?.[1];
    setLimit(program.pid, readdirSync(`/proc/${program.pid}/fd`).length + spare);
  } catch {
    return { kills: 0, hadEffect: false }; // It was killed just now, by another blow.
  }
  const sockets = Array.from({ length: silentConnections }, () => silent(address));
  await timePasses(forMs);
  // Long before it ends connections that don't say hello, it must have closed what it has no descriptor for.
  const hadEffect = sockets.some((socket) => socket.destroyed);
  for (const socket of sockets) socket.destroy();
  if (program.exit === undefined) setLimit(program.pid, Number(soft));
  return { kills: 0, hadEffect };
}

function setLimit(pid: number, descriptors: number): void {
  spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${descriptors}:`]);
}

function silent(address: string): Socket {
  const [host = '', port] = address.split(':');
  const socket = connect(Number(port), host);
  // Refused, reset or closed: whatever the server makes of it.
  socket.on('error', () => socket.destroy());
  return socket;
}
