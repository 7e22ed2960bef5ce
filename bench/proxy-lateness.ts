/** Part 4: how late delayed frames come, with many held at once, by the clock that all processes share. */
import { setTimeout as pause } from 'node:timers/promises';
import { Draw, drawBase } from '../src/proxy/plan/draw.js';
import { until } from '../test/support/until.js';
import { callerId, dial, frameBlock, listenerId, nowUs } from './proxy-frames.js';
import { seed } from './proxy-programs.js';
import type { Stand } from './proxy-ways.js';
import { atLeast, atMost, type Figures, medians, type Part, type Row } from './report.js';

/** A delay, and how the frames that it holds are sent. */
interface Case {
  readonly name: string;
  /** Undefined: no rule, so that what the machine itself does to such a stream stands beside the others. */
  readonly delay: Readonly<Record<string, unknown>> | undefined;
  /** What the rule does to the n-th frame. */
  delayMs(n: number): number;
  /** All are sent over so long, evenly; 0: in one burst. */
  readonly overMs: number;
  /** How many are sent for each that is held at the same time. */
  readonly sentForEachHeld: number;
  /** The machine is not, nor is a burst: that is how fast three processes can take it, not how late a delay is. */
  readonly isJudged: boolean;
}

const ruleId = 'late';
const frameBytes = 64;
/** Frames that leave in one write at most. */
const joinedFrames = 50;
/** Unmeasured runs: until then the three processes compile what they do. */
const warmUps = 2;
const fixedMs = 500;
const leastMs = 100;
const mostMs = 900;
const arriveMs = 20_000;

const draw = new Draw();
const base = drawBase(seed, ruleId, `${callerId}>${listenerId}`);
const fixed = { delay: { type: 'delay', time: `${fixedMs}ms` }, delayMs: () => fixedMs };

const uniform = {
  delay: { type: 'delay', distribution: 'uniform', least: `${leastMs}ms`, most: `${mostMs}ms` },
  delayMs: (n: number) => leastMs + draw.begin(base, n).unit() * (mostMs - leastMs),
};

/** A stream of so long keeps as many held as its frames are late on average; the burst holds all of its own. */
const stream = { overMs: 2_000, sentForEachHeld: 4, isJudged: true };
const cases: readonly Case[] = [
  { name: 'no delay', delay: undefined, delayMs: () => 0, ...stream, isJudged: false },
  { name: 'fixed 500 ms', ...fixed, ...stream },
  { name: 'uniform 100–900 ms', ...uniform, ...stream },
  { name: 'fixed 500 ms, in one burst', ...fixed, overMs: 0, sentForEachHeld: 1, isJudged: false },
];

type Figure = 'earliestMs' | 'p50Ms' | 'p99Ms' | 'latestMs';

export async function lateness(
  stand: Stand,
  options: { readonly held: number; readonly rounds: number },
): Promise<Part> {
  const found = new Map<Case, Figures<Figure>>();
  for (const aCase of cases) {
    for (let i = 0; i < warmUps; i++) await measure(stand, aCase, options.held);
    const samples = [];
    for (let round = 0; round < options.rounds; round++) samples.push(await measure(stand, aCase, options.held));
    const earliestMs = Math.min(...samples.map((sample) => sample.earliestMs));
    const latestMs = Math.max(...samples.map((sample) => sample.latestMs));
    found.set(aCase, { ...medians(samples), earliestMs, latestMs });
  }
  const row = (what: string, figure: Figure): Row => {
    return { what, by: Object.fromEntries([...found].map(([{ name }, figures]) => [name, figures[figure]])) };
  };
  return {
    title: `Lateness of a delay, ${options.held} frames held; medians of ${options.rounds} rounds after a warm-up`,
    rows: [
      row('earliest of all rounds, ms', 'earliestMs'),
      row('p50 ms', 'p50Ms'),
      row('p99 ms', 'p99Ms'),
      row('latest of all rounds, ms', 'latestMs'),
    ],
    goals: [...found].flatMap(([{ name, isJudged }, { earliestMs, p99Ms }]) => [
      atLeast(`earliest, ms after its time: ${name}`, earliestMs, 0),
      ...(isJudged ? [atMost(`p99 lateness in ms: ${name}`, p99Ms, 2)] : []),
    ]),
  };
}

/** How late the frames of one run came: measured from before each was handed to its socket until it was read. */
async function measure(
  { farEnd, proxy }: Stand,
  { delay, delayMs, overMs, sentForEachHeld }: Case,
  held: number,
): Promise<Figures<Figure>> {
  // Set anew, a rule counts its frames from 1 again.
  const rule = { id: ruleId, match: { from: callerId, to: listenerId, kinds: 'accept' }, do: delay };
  await proxy.setRules(delay === undefined ? [] : [rule]);
  const socket = await dial(proxy.ports.time);
  await farEnd.ask('arrivals');
  const frames = held * sentForEachHeld;
  const block = frameBlock(frameBytes, frames);
  const sentUs = new Float64Array(frames + 1);
  const startUs = nowUs();
  for (let sent = 0; sent < frames; ) {
    const dueFrames = overMs === 0 ? frames : Math.min(frames, ((nowUs() - startUs) / 1_000 / overMs) * frames);
    while (sent < dueFrames) {
      const first = sent;
      sent = Math.min(Math.ceil(dueFrames), first + joinedFrames);
      sentUs.fill(nowUs(), first + 1, sent + 1);
      socket.write(block.subarray(first * frameBytes, sent * frameBytes));
    }
    if (sent < frames) await pause(1);
  }
  await until(`${frames} delayed frames`, arriveMs, async () => (await farEnd.ask('totals')).timedFrames === frames);
  const arrivals = await farEnd.ask('arrivals');
  socket.destroy();
  const lateMs = arrivals
    .map(([slot, atUs]) => (atUs - (sentUs[slot] ?? Number.NaN)) / 1_000 - delayMs(slot))
    .sort((a, b) => a - b);
  const at = (share: number): number => lateMs[Math.ceil(share * frames) - 1] ?? Number.NaN;
  return { earliestMs: at(1 / frames), p50Ms: at(0.5), p99Ms: at(0.99), latestMs: at(1) };
}
