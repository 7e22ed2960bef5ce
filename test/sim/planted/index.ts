/** Planted bugs by name: switches of the product, and those that are planted from outside it. */
import { noPlants, type Plants } from '../../../src/paxos/index.js';
import type { ClusterSetup } from '../cluster.js';
import { birthOf, type Makers } from '../makers.js';
import { forgetfulChat, hastyChat, localClockChat, moodyChat, wrongSlotChat } from './chat.js';
import { DenyingClient, RepeatingClient, ShiftedFront } from './clients.js';
import {
  damageCutOff,
  directoryNotSynced,
  sameBytesNotWritten,
  syncErrorRetried,
  syncLeftOut,
  writeErrorIgnored,
} from './disk.js';
import { EagerStore, TornStore } from './store.js';

type Planted = Omit<ClusterSetup, 'seed' | 'options' | 'faults'>;

const fromOutside = {
  deduplicationOff: { chat: forgetfulChat },
  runsOvertake: { chat: hastyChat },
  localClockExpiry: { chat: localClockChat },
  moodyApply: { chat: moodyChat },
  wrongSlotInAck: { chat: wrongSlotChat },
  syncErrorRetried: { disk: syncErrorRetried },
  writeErrorIgnored: { disk: writeErrorIgnored },
  syncLeftOut: { disk: syncLeftOut },
  directoryNotSynced: { disk: directoryNotSynced },
  sameBytesNotWritten: { disk: sameBytesNotWritten },
  damageCutOff: { mendsDamage: damageCutOff },
  tornCheckpoint: { store: (parts) => new TornStore(parts) },
  logCutTooEarly: { store: (parts, disk) => new EagerStore(parts, disk) },
  streamBeginsLate: { front: (id, events) => new ShiftedFront(id, events, 1) },
  unknownDenied: { client: (options) => new DenyingClient(options) },
  unknownSaidAgain: { client: (options) => new RepeatingClient(options) },
  streamBeginsEarly: { front: (id, events) => new ShiftedFront(id, events, -1) },
  notReadmitted: { birth: (id) => birthOf(id) },
  sealedTooSoon: { sealed: (servers) => servers - 2 },
} as const satisfies Record<string, Partial<Makers>>;

export type PlantName = keyof Plants | keyof typeof fromOutside;

export const plantNames = [...Object.keys(noPlants), ...Object.keys(fromOutside)] as PlantName[];

/** How a cluster is set up so that it has this bug. */
export function plantSetup(name: PlantName): Planted {
  return name in noPlants ? { plants: { [name]: true } } : { makers: fromOutside[name as keyof typeof fromOutside] };
}
