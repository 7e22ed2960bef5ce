/** What all parts of one proxy share. */
import type { Clock, Logger } from '../../base/index.js';
import { Batch } from './batch.js';
import { Faults } from './faults.js';
import { LeaderWatch } from './leader-watch.js';

export interface World {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly batch: Batch;
  readonly faults: Faults;
  readonly leader: LeaderWatch;
}

export function newWorld(clock: Clock, logger: Logger, seed: number): World {
  const batch = new Batch();
  const faults = new Faults(clock, seed, batch.run);
  return { clock, logger, batch, faults, leader: new LeaderWatch(faults.hub) };
}
