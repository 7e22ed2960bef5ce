/** One closed-loop load on a fresh system, the bare pipeline or synod: what a ratio of the two is made of. */
import { setTimeout as pause } from 'node:timers/promises';
import { BareLoad } from './bare-load.js';
import { BarePipeline, type Seat } from './bare-pipeline.js';
import { pidsOf, startCluster } from './cluster.js';
import { CpuWatch } from './environment.js';
import { closedLoad, figuresOf } from './load.js';

/** A load: clients × lines in flight, and whether each vote waits for the disk. */
export interface LoadShape {
  readonly clients: number;
  readonly inFlight: number;
  readonly durable: boolean;
}

/** For how long, and lines of how many bytes. */
export interface Timing {
  readonly warmup: number;
  readonly seconds: number;
  readonly size: number;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Lines that failed, or of which nobody knows. */
  readonly lost: number;
  readonly foreignCores: number;
}

/** All clients on the leader, or on a follower that forwards. */
export async function measureBare(shape: LoadShape, timing: Timing, seat: Seat = 'leader'): Promise<Measured> {
  const pipeline = await BarePipeline.start(shape.durable);
  const load = new BareLoad({
    port: pipeline.port(seat),
    clients: shape.clients,
    inFlight: shape.inFlight,
    sizeBytes: timing.size,
  });
  try {
    await load.start();
    await pause(timing.warmup * 1000);
    const cpu = new CpuWatch(() => [process.pid, ...pipeline.pids]);
    load.openWindow();
    await pause(timing.seconds * 1000);
    const { perSecond, p50Us, p99Us, maxUs } = load.window();
    const { foreign } = cpu.cores();
    pipeline.assertAlive();
    return { perSecond, p50Us, p99Us, maxUs, lost: 0, foreignCores: foreign };
  } finally {
    load.stop();
    await pipeline.stop();
  }
}

/** Clients where the balancer puts them, or all on the leader. */
export async function measureSynod(
  shape: LoadShape,
  timing: Timing,
  placed: 'balanced' | 'leader' = 'balanced',
): Promise<Measured> {
  const cluster = await startCluster(shape.durable ? {} : { serverFlags: ['--fsync', 'never'] });
  try {
    const servers = placed === 'leader' ? { servers: [cluster.address(await cluster.leader())] } : {};
    const load = closedLoad({
      clients: shape.clients,
      inFlight: shape.inFlight,
      sizeBytes: timing.size,
      room: '#bench',
      balancer: cluster.balancerAddress,
      ...servers,
    });
    await load.start();
    await pause(timing.warmup * 1000);
    const cpu = new CpuWatch(() => pidsOf(cluster));
    load.openWindow();
    await pause(timing.seconds * 1000);
    const { perSecond, p50Us, p99Us, maxUs } = figuresOf(load);
    const { foreign } = cpu.cores();
    const { failed, unknown } = await load.stop();
    return { perSecond, p50Us, p99Us, maxUs, lost: failed + unknown, foreignCores: foreign };
  } finally {
    await cluster.stop();
  }
}
