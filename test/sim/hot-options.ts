/** Options under which planted bugs show soon: leaders change all the time while much is in flight. */
import type { SimOptions } from './options.js';

const second = 1_000_000;
const ms = 1000;

/** Laid over what the seed draws; the seed still decides the rest. */
export const hotOptions: Partial<SimOptions> = {
  safetyUs: 8 * second,
  submitEveryUs: 20 * ms,
  window: 16,
  textBytesMax: 40,
  lossPerMille: 100,
  duplicatePerMille: 100,
  delayUs: 5 * ms,
  longTailPerMille: 5,
  reorder: true,
  partitionEveryUs: second / 2,
  partitionForUs: 300 * ms,
  crashEveryUs: second,
  downForUs: 50 * ms,
  boundaryCrashPer100k: 400,
  crashClosesLinks: true,
  gentleStops: false,
  syncUs: 2 * ms,
  diskFullEveryUs: 0,
  pauseEveryUs: second,
  pauseForUs: 400 * ms,
  diskErrorEveryUs: 0,
  damageEveryUs: 0,
  storeLossPercent: 0,
  retainSegments: 0,
  memory: false,
  emptyEveryUs: 0,
  sessionExpiryMs: 0,
  decideEveryUs: 0,
};
