/**
 * A state that a simulated cluster begins with: on each server's disk and in its store, as `snapshot restore` leaves
 * it.
 */
import { nodeClock, Prng, silentLogger } from '../../src/base/index.js';
import { ChatState } from '../../src/chat/index.js';
import { nobody } from '../../src/daemon/server/offline.js';
import { type OpenedDriver, openDriver } from '../../src/daemon/server/open-driver.js';
import { fillState } from '../../src/daemon/server/restore.js';
import { MemoryRows, MemoryStore } from '../../src/storage/index.js';
import {
  encodeEntry,
  encodeRun,
  registerItem,
  runItem,
  type ServerId,
  type Slot,
  type StateItem,
} from '../../src/wire/index.js';
import { SimDisk } from '../support/sim-disk.js';
import { birthOf } from './makers.js';

export interface Origin {
  readonly slot: Slot;
  readonly images: ReadonlyMap<ServerId, { readonly disk: SimDisk; readonly rows: MemoryRows }>;
}

const clusterId = Buffer.alloc(16, 0xc1);
const nonce = Buffer.alloc(16, 0x0d);

/** The log of the cluster before: somebody who has a session and is present, which the state must not remember. */
function oldLog(): Buffer[] {
  const stamp = { elapsedMs: 1, wallMs: 1_600_000_000_000 };
  const register = registerItem({ nonce, window: 8, server: 1, tokenHash: Buffer.alloc(32, 0x0d), name: 'old' });
  const say = (seq: number): Buffer => {
    const run = { session: { slot: 1, index: 0 }, nonce, firstSeq: seq, answeredBelow: seq };
    const text = `line ${seq}`;
    return runItem(
      encodeRun(run, [seq === 1 ? { kind: 'join', room: '#old', text: '' } : { kind: 'post', room: '#old', text }]),
    );
  };
  const items = [register, ...Array.from({ length: 40 }, (_, at) => say(at + 1))];
  return items.map((item) => encodeEntry(stamp, [item]));
}

/** For servers 1 … `servers`, with the cluster id and the directories of the simulator. */
export async function makeOrigin(servers: number): Promise<Origin> {
  const log = oldLog();
  const members = Array.from({ length: servers }, (_, at) => ({ id: at + 1, birthId: birthOf(at + 1) }));
  const images = new Map<ServerId, { disk: SimDisk; rows: MemoryRows }>();
  for (const { id, birthId } of members) {
    const chat = new ChatState();
    for (const [at, value] of log.entries()) chat.apply(at + 1, value);
    chat.beginAnew(clusterId);
    const values: StateItem[] = log.map((value, at) => ({ kind: 'value', slot: at + 1, value }));
    const disk = new SimDisk({ random: new Prng(id), schedule: (_delayUs, act) => void setImmediate(act) });
    const rows = new MemoryRows();
    const identity = { clusterId, epoch: 1, members, serverId: id, birthId, incarnation: 1 };
    const opened = await open(disk, rows, identity);
    await fillState(opened, chat, 1, [values]);
    await new Promise<void>((resolve, reject) => {
      opened.wal.close((error) => (error === undefined ? resolve() : reject(error)));
    });
    images.set(id, { disk, rows });
  }
  return { slot: log.length, images };
}

function open(
  disk: SimDisk,
  rows: MemoryRows,
  identity: Parameters<typeof openDriver>[0]['identity'],
): Promise<OpenedDriver> {
  return new Promise((resolve, reject) => {
    openDriver(
      {
        disk,
        store: new MemoryStore(rows, (act) => void setImmediate(act)),
        identity,
        clock: nodeClock,
        random: new Prng(1),
        logger: silentLogger,
        transport: { send: () => undefined, flush: () => undefined },
        listener: nobody,
        onFatal: reject,
        wal: { segmentBytes: 1 << 15, firstSegmentBytes: 1 << 15 },
      },
      (error, opened) => (opened === undefined ? reject(error) : resolve(opened)),
    );
  });
}
