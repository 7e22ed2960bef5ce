/**
 * The floor of a durable commit on this machine: two loopback round trips and one sync while three processes sync at
 * once, measured one by one. What else a commit costs is the program's own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { allCores, useCores } from './cores.js';
import { describeEnvironment } from './environment.js';
import type { FloorSyncs } from './floor-sync.js';
import { readOptions } from './options.js';
import { EchoLoop } from './proxy-echo.js';
import { dial } from './proxy-frames.js';
import { FarEnd } from './proxy-programs.js';

/** As many processes sync at once as a cluster has servers. */
const servers = 3;
const frameBytes = 64;
const warmUpMs = 300;

/** Medians, in microseconds. */
export interface Floor {
  /** A loopback round trip between two Node processes, on two cores where the machine lets them be placed. */
  readonly roundTripUs: number;
  readonly isPlaced: boolean;
  /** 4 KiB written into a zero-filled file and synced, by each of three processes at once. */
  readonly syncUs: number;
  /** A client's round trip, a follower's round trip, a sync. */
  readonly commitUs: number;
}

/** Takes about twice `seconds`. */
export async function measureFloor(seconds: number): Promise<Floor> {
  const { roundTripUs, isPlaced } = await measureRoundTrip(seconds);
  const syncUs = await measureSyncs(seconds);
  return { roundTripUs, isPlaced, syncUs, commitUs: floorOf(roundTripUs, syncUs) };
}

/** The least that a durable commit can take. */
export function floorOf(roundTripUs: number, syncUs: number): number {
  return 2 * roundTripUs + syncUs;
}

export function floorText({ roundTripUs, isPlaced, syncUs, commitUs }: Floor): string {
  const us = (value: number): string => `${value.toFixed(0)} µs`;
  const placed = isPlaced ? 'two cores' : 'placed by the kernel';
  return `floor of a durable commit: 2 × ${us(roundTripUs)} (loopback round trip, ${placed}) + ${us(syncUs)} (4 KiB synced by ${servers} at once) = ${us(commitUs)}`;
}

async function measureRoundTrip(seconds: number): Promise<{ roundTripUs: number; isPlaced: boolean }> {
  const farEnd = FarEnd.start();
  try {
    const { echo } = await farEnd.ask('ports');
    const isPlaced = allCores.includes(',') && useCores(process.pid, '0') && useCores(farEnd.pid, '1');
    const socket = await dial(echo);
    const loop = new EchoLoop([socket], frameBytes, 1);
    await loop.run(warmUpMs);
    const { p50Us } = await loop.run(seconds * 1000);
    socket.destroy();
    return { roundTripUs: p50Us, isPlaced };
  } finally {
    useCores(process.pid, allCores);
    farEnd.stop();
  }
}

/** The median process's median. */
async function measureSyncs(seconds: number): Promise<number> {
  const root = mkdtempSync(path.join(tmpdir(), 'synod-floor-'));
  const children: ChildProcess[] = [];
  try {
    for (let i = 0; i < servers; i++) {
      const child = fork(new URL('./floor-sync.js', import.meta.url), [path.join(root, `log-${i}`)], { execArgv: [] });
      children.push(child);
      await once(child, 'message');
    }
    const answers = children.map(async (child) => {
      const [{ p50Us }] = (await once(child, 'message')) as [FloorSyncs];
      return p50Us;
    });
    for (const child of children) child.send(seconds);
    const sorted = (await Promise.all(answers)).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? Number.NaN;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}

/** `npm run bench -- floor`. */
export async function main(args: readonly string[]): Promise<number> {
  const { numbers } = readOptions(args, { numbers: { seconds: 3 } });
  console.log(describeEnvironment());
  console.log(floorText(await measureFloor(numbers.seconds)));
  return 0;
}
