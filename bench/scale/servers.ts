/** Part servers: what it costs that more servers vote. */
import { setTimeout as pause } from 'node:timers/promises';
import { postsIn } from '../cluster.js';
import { closedLoad, figuresOf } from '../load.js';
import { atMost, type Goal, type Part, type Row } from '../report.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStand } from './stand.js';

const sizes = [3, 5, 7];
const shapes = [
  [1, 1],
  [16, 1],
  [16, 256],
] as const;

export async function servers(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  const rows = new Map<string, Record<string, number>>();
  const set = (what: string, column: string, value: number): void => {
    rows.set(what, { ...rows.get(what), [column]: value });
  };
  const goals: Goal[] = [];
  for (const size of sizes) {
    const cluster = await stand.cluster({ servers: size });
    const column = `${size} servers`;
    let acknowledged = 0;
    let lost = 0;
    for (const [clients, inFlight] of shapes) {
      const load = closedLoad({
        clients,
        inFlight,
        sizeBytes: options.size,
        room: '#bench',
        balancer: cluster.balancerAddress,
      });
      await load.start();
      await pause(options.warmup * 1000);
      load.openWindow();
      await pause(options.seconds * 1000);
      const { perSecond, p50Us, p99Us } = figuresOf(load);
      const { ok, failed, unknown } = await load.stop();
      acknowledged += ok + clients;
      lost += failed + unknown;
      const name = `${clients}×${inFlight}`;
      set(`${name}: lines/s`, column, perSecond);
      set(`${name}: p50 ms`, column, p50Us / 1000);
      set(`${name}: p99 ms`, column, p99Us / 1000);
    }
    // All servers hold the same log, or this rejects.
    await cluster.waitForAgreement(60_000);
    const missing = Math.max(0, acknowledged - (await postsIn(cluster, '#bench')));
    goals.push(atMost(`${column}: lines failed, unknown or missing`, lost + missing, 0));
    await stand.end(cluster);
  }
  return {
    title: `3, 5 and 7 servers, ${options.size}-byte lines, clients × lines in flight spread by the balancer`,
    rows: [...rows].map(([what, by]): Row => ({ what, by })),
    goals,
  };
}
