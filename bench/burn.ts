/** `node burn.js SHARE`: keeps one core busy for this share of every 20 ms, until it is ended or its parent is gone. */
import { setTimeout as pause } from 'node:timers/promises';

const periodMs = 20;
const share = Number(process.argv[2]);
const parent = process.ppid;

let nextMs = performance.now();
while (process.ppid === parent) {
  const untilMs = performance.now() + share * periodMs;
  while (performance.now() < untilMs);
  // What the kernel did not let it burn is not made up for.
  nextMs = Math.max(nextMs + periodMs, performance.now());
  await pause(nextMs - performance.now());
}
