/** Rounds in which every system takes its turn: started fresh, loaded, stopped, before the next one is started. */
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../../test/support/until.js';
import { CpuWatch, residentBytes } from '../environment.js';
import { ClosedLoop, type Counts, type Window } from './closed-loop.js';
import { measureFanOut, textOf } from './fan-out.js';
import { type LoadShape, loadText, type Options } from './options.js';
import type { ConsumerKind, Peer, PeerClient, RunningPeer } from './peer.js';
import { Scratch } from './processes.js';

const closeMs = 10_000;
const arrivalMs = 10_000;

interface Taken {
  readonly peer: string;
  readonly round: number;
  /** Cores that other programs used meanwhile. */
  readonly foreignCores: number;
}

export interface AppendSample extends Taken, Window, Counts {
  readonly load: string;
}

export interface FanOutSample extends Taken {
  readonly kind: ConsumerKind;
  readonly subscribers: number;
  readonly deliveriesPerSecond: number;
  readonly wrong: number;
}

/** Of the largest process of a system when all its loads were over. */
export interface MemorySample {
  readonly peer: string;
  readonly round: number;
  readonly residentMiB: number;
}

/** A system that did not start, or failed under load. */
export interface Trouble {
  readonly peer: string;
  readonly round: number;
  readonly reason: string;
}

export interface Samples {
  readonly appends: AppendSample[];
  readonly fanOuts: FanOutSample[];
  readonly memory: MemorySample[];
  readonly troubles: Trouble[];
}

type Plan = Pick<
  Options,
  'rounds' | 'loads' | 'subscribers' | 'seconds' | 'warmUpSeconds' | 'valueBytes' | 'placement'
>;

/** Runs all rounds. `say` is told of each sample. A system in trouble sits out the remaining rounds. */
export async function runRounds(peers: readonly Peer[], plan: Plan, say: (line: string) => void): Promise<Samples> {
  const samples: Samples = { appends: [], fanOuts: [], memory: [], troubles: [] };
  for (let round = 1; round <= plan.rounds; round++) {
    for (const peer of peers) {
      if (samples.troubles.some((trouble) => trouble.peer === peer.name)) continue;
      try {
        await takeTurn(peer, round, plan, samples, say);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        samples.troubles.push({ peer: peer.name, round, reason });
        say(`round ${round}, ${peer.name}: ${reason}`);
      }
    }
  }
  return samples;
}

async function takeTurn(
  peer: Peer,
  round: number,
  plan: Plan,
  samples: Samples,
  say: (line: string) => void,
): Promise<void> {
  const hasFanOut = peer.hasFanOut && plan.subscribers.length > 0;
  if (plan.loads.length === 0 && !hasFanOut) return;
  const scratch = new Scratch(peer.name);
  let running: RunningPeer | undefined;
  try {
    running = await peer.start(scratch.path, plan.placement);
    const who = { peer: peer.name, round };
    for (const load of plan.loads) {
      const sample = { ...who, ...(await measureLoad(running, load, plan)) };
      samples.appends.push(sample);
      const figures = `${sample.perSecond.toFixed(0)}/s, p50 ${sample.p50Ms.toFixed(3)} ms, p99 ${sample.p99Ms.toFixed(3)} ms`;
      say(`round ${round}, ${peer.name} ${sample.load}: ${figures}${notOk(sample)}`);
    }
    for (const sample of hasFanOut ? await measureFanOuts(running, plan) : []) {
      samples.fanOuts.push({ ...who, ...sample });
      const { subscribers, kind, deliveriesPerSecond } = sample;
      say(`round ${round}, ${peer.name} to ${subscribers} ${kind}: ${deliveriesPerSecond.toFixed(0)} deliveries/s`);
    }
    const resident = Math.max(0, ...running.pids.map(residentBytes));
    samples.memory.push({ ...who, residentMiB: resident / 2 ** 20 });
  } finally {
    await running?.stop();
    scratch.remove();
  }
}

function notOk({ failed, unknown }: Counts): string {
  return failed + unknown === 0 ? '' : `; failed ${failed}, unknown ${unknown}`;
}

async function measureLoad(
  running: RunningPeer,
  load: LoadShape,
  plan: Plan,
): Promise<Omit<AppendSample, 'peer' | 'round'>> {
  const clients: PeerClient[] = [];
  try {
    for (let i = 0; i < load.clients; i++) clients.push(await running.client(i, load.inFlight));
    const loop = new ClosedLoop(clients, load.inFlight, textOf(plan.valueBytes));
    loop.start();
    await pause(plan.warmUpSeconds * 1_000);
    const cpu = new CpuWatch(() => pidsOf(running));
    loop.openWindow();
    await pause(plan.seconds * 1_000);
    const window = loop.window();
    const foreignCores = cpu.cores().foreign;
    const counts = await loop.stop();
    return { load: loadText(load), ...window, ...counts, foreignCores };
  } finally {
    await within('clients to close', closeMs, Promise.all(clients.map((client) => client.close())));
  }
}

function pidsOf(running: RunningPeer): readonly number[] {
  return [process.pid, ...running.pids];
}

async function measureFanOuts(running: RunningPeer, plan: Plan): Promise<Omit<FanOutSample, 'peer' | 'round'>[]> {
  const { fanOut } = running;
  if (fanOut === undefined) return [];
  const samples: Omit<FanOutSample, 'peer' | 'round'>[] = [];
  for (const subscribers of plan.subscribers) {
    for (const kind of fanOut.kinds) {
      const result = await measureFanOut(fanOut, {
        kind,
        subscribers,
        valueBytes: plan.valueBytes,
        warmUpMs: plan.warmUpSeconds * 1_000,
        windowMs: plan.seconds * 1_000,
        arrivalMs,
        pids: () => pidsOf(running),
      });
      samples.push({ kind, subscribers, ...result });
    }
  }
  return samples;
}
