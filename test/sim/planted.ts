/** Planted bugs by name: switches of the product, and those that are planted from outside it. */
import { noPlants, type Plants } from '../../src/paxos/index.js';
import type { ClusterSetup } from './cluster.js';
import { forgetfulChat } from './planted-chat.js';

type Planted = Omit<ClusterSetup, 'seed' | 'options' | 'faults'>;

const fromOutside = {
  deduplicationOff: { makeChat: forgetfulChat },
} as const satisfies Record<string, Planted>;

export type PlantName = keyof Plants | keyof typeof fromOutside;

export const plantNames = [...Object.keys(noPlants), ...Object.keys(fromOutside)] as PlantName[];

/** How a cluster is set up so that it has this bug. */
export function plantSetup(name: PlantName): Planted {
  return name in noPlants ? { plants: { [name]: true } } : fromOutside[name as keyof typeof fromOutside];
}
