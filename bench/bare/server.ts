/**
 * One server of the bare pipeline as a process: `leader|follower FILE always|never [FOLLOWER'S PORT…]`. No sessions, no
 * state, no election, no retries: what a commit costs at least with sockets and files in Node.
 */
import { createServer } from 'node:net';
import {
  acceptedBytes,
  acceptHeaderBytes,
  ackBytes,
  clientOf,
  headerBytes,
  itemHeaderBytes,
  Kind,
  kindOf,
  newFrame,
  numberOf,
  setKind,
  setNumber,
} from './frames.js';
import { dialBare, Link, listenBare, TurnEnd } from './turn.js';
import { BareWal } from './wal.js';

/** What a process tells whoever started it once it serves. */
export interface BareReady {
  readonly port: number;
}

/** A submit that waits for its slot or its commit. */
interface Submit {
  readonly link: Link;
  /** At a follower, which forwarded it; undefined for the leader's own clients. */
  readonly client: number | undefined;
  readonly frame: Buffer;
}

async function lead(file: string, fsync: boolean, followerPorts: readonly number[]): Promise<number> {
  const links: Link[] = [];
  const followers: Link[] = [];
  const votes = followerPorts.map(() => 0);
  /** Submits of this turn, and those of each slot that is not committed, the oldest slot first. */
  let collected: Submit[] = [];
  let uncommitted: Submit[][] = [];
  let lastSlot = 0;
  let committed = 0;
  let durable = 0;

  const turn = new TurnEnd(() => {
    propose();
    for (const link of followers) link.flush();
    wal.flush();
    for (const link of links) link.flush();
  });
  const wal = new BareWal(file, fsync, (slot) => {
    durable = slot;
    commit();
  });

  /** All that came in a turn goes into one slot, whose bytes all three logs and both links share. */
  function propose(): void {
    if (collected.length === 0) return;
    let bytes = acceptHeaderBytes;
    for (const { frame } of collected) bytes += itemHeaderBytes + frame.length - headerBytes;
    const accept = newFrame(Kind.accept, bytes);
    lastSlot += 1;
    setNumber(accept, lastSlot);
    let at = headerBytes + acceptHeaderBytes;
    for (const { frame } of collected) {
      frame.copy(accept, at + itemHeaderBytes, headerBytes);
      at += itemHeaderBytes + frame.length - headerBytes;
    }
    for (const link of followers) link.push(accept);
    wal.append(lastSlot, accept.subarray(headerBytes));
    uncommitted.push(collected);
    collected = [];
  }

  /** Committed is what the leader and one follower have. */
  function commit(): void {
    const upto = Math.min(durable, Math.max(...votes));
    if (upto <= committed) return;
    const chosen = uncommitted.slice(0, upto - committed);
    uncommitted = uncommitted.slice(upto - committed);
    committed = upto;
    for (const { link, client, frame } of chosen.flat()) {
      const ack = newFrame(Kind.ack, ackBytes);
      if (client !== undefined) setKind(ack, Kind.forwardAck, client);
      setNumber(ack, numberOf(frame));
      link.push(ack);
    }
    turn.ask();
  }

  function submit(link: Link, frame: Buffer, client: number | undefined): void {
    collected.push({ link, client, frame });
    turn.ask();
  }

  for (const [index, port] of followerPorts.entries()) {
    const link: Link = await dialBare(port, (frame) => {
      if (kindOf(frame) === Kind.forward) return submit(link, frame, clientOf(frame));
      votes[index] = numberOf(frame);
      commit();
    });
    link.push(newFrame(Kind.hello, 4));
    link.flush();
    followers.push(link);
    links.push(link);
  }
  return listenBare(
    createServer((socket) => {
      const link: Link = new Link(socket, (frame) => submit(link, frame, undefined));
      links.push(link);
    }),
  );
}

async function follow(file: string, fsync: boolean): Promise<number> {
  const links: Link[] = [];
  let leader: Link | undefined;
  const turn = new TurnEnd(() => {
    wal.flush();
    for (const link of links) link.flush();
  });
  const wal = new BareWal(file, fsync, (slot) => {
    const accepted = newFrame(Kind.accepted, acceptedBytes);
    setNumber(accepted, slot);
    leader?.push(accepted);
    turn.ask();
  });

  function onFrame(link: Link, client: number, frame: Buffer): void {
    const kind = kindOf(frame);
    if (kind === Kind.accept) {
      wal.append(numberOf(frame), frame.subarray(headerBytes));
    } else if (kind === Kind.submit) {
      setKind(frame, Kind.forward, client);
      leader?.push(frame);
    } else if (kind === Kind.forwardAck) {
      const to = links[clientOf(frame)];
      setKind(frame, Kind.ack, 0);
      to?.push(frame);
    } else leader = link;
    turn.ask();
  }

  return listenBare(
    createServer((socket) => {
      const client = links.length;
      const link: Link = new Link(socket, (frame) => onFrame(link, client, frame));
      links.push(link);
    }),
  );
}

const [role, file = '', fsync, ...ports] = process.argv.slice(2);
const port = await (role === 'leader'
  ? lead(file, fsync === 'always', ports.map(Number))
  : follow(file, fsync === 'always'));
process.send?.({ port } satisfies BareReady);
process.on('disconnect', () => process.exit(0));
