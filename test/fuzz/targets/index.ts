/** All fuzz targets by name. */
import type { Target } from '../target.js';
import { configuration } from './configuration.js';
import * as people from './people.js';
import * as plans from './plans.js';
import { caller, liar } from './sessions.js';
import { apply, replica, rows, submits } from './state.js';
import { addresses, checkpoint, identity, seal, wal } from './storage.js';
import { entries, frames, messages, runs, stateItems } from './wire.js';

export const targets: readonly Target[] = [
  frames,
  messages,
  runs,
  entries,
  stateItems,
  submits,
  apply,
  rows,
  replica,
  wal,
  identity,
  seal,
  addresses,
  checkpoint,
  plans.modes,
  plans.rules,
  plans.timelines,
  plans.toml,
  plans.expectations,
  plans.toxiproxy,
  plans.words,
  people.flags,
  people.values,
  configuration,
  people.keys,
  people.screen,
  people.lines,
  liar,
  caller,
];
