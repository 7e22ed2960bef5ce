/** Every system in every setting, and which of them a run compares. */
import { etcdPeers } from './etcd.js';
import { natsPeers } from './nats.js';
import type { Missing, Peer } from './peer.js';
import { rabbitmqPeers } from './rabbitmq.js';
import { redisPeers } from './redis.js';
import { synodPeers } from './synod.js';
import { zookeeperPeers } from './zookeeper.js';

/** In the order in which they take their turns. */
export const allPeers: readonly Peer[] = [
  ...synodPeers,
  ...redisPeers,
  ...natsPeers,
  ...rabbitmqPeers,
  ...zookeeperPeers,
  ...etcdPeers,
];

export interface Skipped extends Missing {
  readonly names: readonly string[];
}

export interface Chosen {
  readonly peers: readonly Peer[];
  readonly skipped: readonly Skipped[];
  /** Names that no system and no setting has. */
  readonly unknown: readonly string[];
}

/**
 * The peers whose name or system is in `only` (all, if it is empty) and that are installed. synod comes along in each
 * setting in which it has somebody to be compared with, and in both if nothing else was asked for.
 */
export function choosePeers(all: readonly Peer[], only: readonly string[]): Chosen {
  const unknown = only.filter((one) => !all.some(({ name, system }) => name === one || system === one));
  const wanted = all.filter(({ name, system }) => only.length === 0 || only.includes(name) || only.includes(system));
  const lacks = new Map(wanted.map((peer) => [peer, peer.missing()]));
  const found = wanted.filter((peer) => lacks.get(peer) === undefined);
  const compared = (durable: boolean): boolean => found.some((peer) => peer.durable === durable);
  const peers = all.filter((peer) => found.includes(peer) || (peer.system === 'synod' && compared(peer.durable)));
  return { peers, skipped: skippedOf(lacks), unknown };
}

/** Settings that lack the same are told together. */
function skippedOf(lacks: ReadonlyMap<Peer, Missing | undefined>): Skipped[] {
  const byWhat = new Map<string, Skipped>();
  for (const [{ name }, missing] of lacks) {
    if (missing === undefined) continue;
    const names = [...(byWhat.get(missing.what)?.names ?? []), name];
    byWhat.set(missing.what, { ...missing, names });
  }
  return [...byWhat.values()];
}
