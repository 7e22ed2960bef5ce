/** Who makes the parts of a simulated cluster; tests hand in others, which have a planted bug. */
import { type ChatOptions, ChatState } from '../../src/chat/index.js';
import { ChatClient, type ChatClientOptions } from '../../src/client/index.js';
import type { DamagedLog, Disk } from '../../src/storage/index.js';
import type { ServerId } from '../../src/wire/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import type { ClientSideEvents } from './client-side.js';
import { Front } from './front.js';
import { SimStore, type SimStoreParts } from './sim-store.js';

export interface Makers {
  /** The id of a server's `nth` directory, counted from 0. */
  readonly birth: (id: ServerId, nth: number) => Uint8Array;
  readonly chat: (options: ChatOptions, server: ServerId) => ChatState;
  /** The disk as the log sees it. */
  readonly disk: (disk: SimDisk) => Disk;
  readonly store: (parts: SimStoreParts, disk: () => SimDisk) => SimStore;
  readonly front: (id: ServerId, events: ClientSideEvents) => Front;
  readonly client: (options: ChatClientOptions) => ChatClient;
  /** How many servers the balancer waits for before it seals a cluster of so many. */
  readonly sealed: (servers: number) => number;
  /** True if a server that found this damage starts again all the same. */
  readonly mendsDamage: (disk: SimDisk, damage: DamagedLog) => boolean;
}

/** The id of a server's first directory, and of later ones. */
export function birthOf(id: ServerId, nth = 0): Uint8Array {
  const birthId = Buffer.alloc(16, id);
  birthId.writeUInt32BE(nth, 0);
  return birthId;
}

/** Nothing planted. */
export const soundMakers: Makers = {
  birth: birthOf,
  chat: (options) => new ChatState(options),
  disk: (disk) => disk,
  store: (parts) => new SimStore(parts),
  front: (id, events) => new Front(id, events),
  client: (options) => new ChatClient(options),
  sealed: (servers) => servers,
  mendsDamage: () => false,
};
