/** The thread that fuzzes: targets take turns until the time is over. It may hang or exhaust memory: it is watched. */
import { parentPort, workerData } from 'node:worker_threads';
import { Campaign } from './campaign.js';
import { loadCorpus } from './corpus.js';
import { Coverage } from './coverage.js';
import { SharedProgress } from './shared.js';
import { targets } from './targets/index.js';

export interface ThreadOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly buffer: SharedArrayBuffer;
}

/** What one target has done so far. */
export interface TargetReport {
  readonly name: string;
  readonly inputs: number;
  readonly spentMs: number;
  readonly slowestMs: number;
  readonly answers: number;
  readonly interesting: readonly Uint8Array[];
  readonly findings: readonly { readonly input: Uint8Array; readonly what: string }[];
}

export interface ThreadReport {
  readonly targets: readonly TargetReport[];
  readonly blocks: number;
  readonly rssMiB: number;
  readonly done: boolean;
}

/** One turn of one target. */
const turnMs = 400;
const reportEveryMs = 10_000;

async function main({ minutes, seed, only, buffer }: ThreadOptions): Promise<void> {
  const shared = new SharedProgress(buffer);
  const coverage = new Coverage();
  const endMs = performance.now() + minutes * 60_000;
  const campaigns: Campaign[] = [];
  for (const [number, target] of targets.entries()) {
    if (only.length > 0 && !only.includes(target.name)) continue;
    const before = (input: Buffer): void => shared.begin(number, input);
    const campaign = new Campaign(target, { seed, corpus: loadCorpus(target.name), coverage, before });
    await campaign.begin();
    campaigns.push(campaign);
  }
  let rssMiB = 0;
  const report = (done: boolean): void => {
    const told = campaigns.map((campaign): TargetReport => {
      const { target, inputs, spentMs, slowestMs, answers, interesting, findings } = campaign;
      // The inputs themselves are many: they are told at the end.
      const kept = done ? interesting : [];
      return { name: target.name, inputs, spentMs, slowestMs, answers: answers.size, interesting: kept, findings };
    });
    parentPort?.postMessage({ targets: told, blocks: coverage.blocks, rssMiB, done } satisfies ThreadReport);
  };
  let reportedMs = performance.now();
  while (performance.now() < endMs) {
    for (const campaign of campaigns) {
      await campaign.runFor(turnMs);
      rssMiB = Math.max(rssMiB, process.memoryUsage.rss() / 2 ** 20);
      // A turn of the event loop: what the targets left behind, timers and rejections, comes out here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (performance.now() - reportedMs < reportEveryMs) continue;
    reportedMs = performance.now();
    report(false);
  }
  report(true);
  coverage.stop();
}

await main(workerData as ThreadOptions);
