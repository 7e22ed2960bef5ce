/** Parts 2 and 3: a stream of frames in one direction, small ones by number and large ones by bytes. */
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds } from './environment.js';
import { Flood } from './proxy-flood.js';
import type { FarEnd } from './proxy-programs.js';
import { inTurn, type Turns, titleOf } from './proxy-turns.js';
import type { Stand, Way } from './proxy-ways.js';
import { atLeast, type Figures, type Part } from './report.js';

const warmUpMs = 500;
const largeBytes = 64 * 1024;
const cpuLabels = { proxyNsPerFrame: "proxy's CPU, ns a frame", proxyCores: "proxy's cores" };

/** Part 2. */
export async function smallFrames(stand: Stand, frameBytes: number, turns: Turns): Promise<Part> {
  const { farEnd, direct, through, withRules } = stand;
  const streams = await inTurn([direct, through, withRules], turns.rounds, (way) =>
    stream(farEnd, way, frameBytes, turns.seconds),
  );
  const { framesPerSecond } = streams.of(withRules);
  return {
    title: titleOf(`Frames of ${frameBytes} B, one direction, 1 connection`, turns),
    rows: streams.rows({ framesPerSecond: 'frames/s', ...cpuLabels }),
    goals: frameBytes > 64 ? [] : [atLeast('frames/s of 64 B, ten rules', framesPerSecond, 1_000_000)],
  };
}

/** Part 3. */
export async function largeFrames(stand: Stand, turns: Turns): Promise<Part> {
  const { farEnd, direct, through, withRules, rival } = stand;
  const ways = stand.withRival(direct, through, withRules);
  const streams = await inTurn(ways, turns.rounds, (way) => stream(farEnd, way, largeBytes, turns.seconds));
  const figure = 'megabytesPerSecond';
  return {
    title: titleOf('Frames of 64 KiB, one direction, 1 connection', turns),
    rows: [...streams.rows({ [figure]: 'MB/s', ...cpuLabels }), streams.timesRow('MB/s: times direct', figure, direct)],
    goals:
      rival === undefined
        ? []
        : [atLeast('MB/s of 64 KiB, proxy: times Toxiproxy', streams.times(figure, through, rival), 1)],
  };
}

/** One stream on one way. Rejects if a frame does not arrive. */
async function stream(
  farEnd: FarEnd,
  way: Way,
  frameBytes: number,
  seconds: number,
): Promise<Figures<'framesPerSecond' | 'megabytesPerSecond' | 'proxyNsPerFrame' | 'proxyCores'>> {
  const flood = await Flood.start(farEnd, way.ports.count, frameBytes);
  await pause(warmUpMs);
  const before = await farEnd.ask('totals');
  const cpuBefore = cpuSeconds(way.pid);
  await pause(seconds * 1_000);
  const after = await farEnd.ask('totals');
  const cpu = way.pid === 0 ? Number.NaN : cpuSeconds(way.pid) - cpuBefore;
  await flood.stop();
  const tookSeconds = (after.atUs - before.atUs) / 1e6;
  const frames = after.frames - before.frames;
  return {
    framesPerSecond: frames / tookSeconds,
    megabytesPerSecond: (after.bytes - before.bytes) / 1e6 / tookSeconds,
    proxyNsPerFrame: (cpu * 1e9) / frames,
    proxyCores: cpu / tookSeconds,
  };
}
